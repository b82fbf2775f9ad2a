"""Azure ML on the loopback, for the genuine clients: a process of its own with a genuine MLflow server behind it.

    client ──HTTPS_PROXY──► proxy (ends TLS for the hosts of Azure) ─► Entra, ARM, run history, blobs   here, in memory
                                                                    └► MLflow's REST API                a real server

What is emulated is documented, reported in public issues, or read in the clients' sources; none of it was seen on
Azure.  So it shows that the clients' requests are well formed and that their answers are understood, no more.
"""
