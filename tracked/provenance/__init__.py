"""Where a run comes from: the code, the command, the packages and the machine.

What costs next to nothing (``source``) is read by the process that runs, once a minute.  All else (``facts``) is
gathered by a process beside it: see ``tracked.session.gathering``.
"""
