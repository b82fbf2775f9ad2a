"""Who asks Azure: in which order, and never by a prompt where nobody is."""

from __future__ import annotations

import sys

import pytest

from tests.azure.fakes import ClientAuthenticationError
from tracked.azure import credentials
from tracked.azure.credentials import choose, made_from
from tracked.errors import ConfigError, LoginRefused

NO = ClientAuthenticationError("no")
PRINCIPAL = {"AZURE_TENANT_ID": "t", "AZURE_CLIENT_ID": "c", "AZURE_CLIENT_SECRET": "s"}
NOBODY = {"ManagedIdentityCredential": NO, "AzureCliCredential": NO}


@pytest.mark.parametrize(
    ("environ", "errors", "kind", "reference"),
    [
        (PRINCIPAL, {}, "ClientSecretCredential", "environment"),
        (
            {**PRINCIPAL, "AZURE_CLIENT_SECRET": "", "AZURE_FEDERATED_TOKEN_FILE": "f"},
            {},
            "WorkloadIdentityCredential",
            "workload",
        ),
        ({}, {}, "ManagedIdentityCredential", "managed-identity"),
        ({}, {"ManagedIdentityCredential": NO}, "AzureCliCredential", "cli"),
    ],
)
def test_the_order_is_kept(packages, environ, errors, kind, reference) -> None:
    """Service principal, workload, managed identity, `az login`: the first that gives a token."""
    packages(**errors)
    chosen = choose(environ, interactive=False)
    assert (kind, reference) == (chosen.credential.name, chosen.reference)


def test_what_was_set_up_and_fails_is_not_replaced(packages) -> None:
    """A service principal with a wrong secret must not become somebody else unnoticed; the reason is said."""
    packages(
        ClientSecretCredential=ClientAuthenticationError(
            "AADSTS7000215: Invalid client secret. Trace ID: 1\nx"
        )
    )
    with pytest.raises(LoginRefused, match="AADSTS7000215, the client secret is wrong") as raised:
        choose(PRINCIPAL, interactive=True)
    assert "\n" not in str(raised.value)


def test_a_batch_job_never_opens_a_prompt(packages, monkeypatch) -> None:
    """Where nobody is, it ends with what was tried and what to set, even at a terminal."""
    packages(**NOBODY)
    for stream in (sys.stdin, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
    for environ in ({"AZUREML_RUN_ID": "r"}, {"CI": "true"}, {"KAGGLE_KERNEL_RUN_TYPE": "Batch"}):
        with pytest.raises(LoginRefused, match="tried managed-identity, cli, and nobody is here"):
            choose(environ)


def test_a_person_is_asked_at_last(packages, monkeypatch) -> None:
    """By a browser, or where none can open by a code; such a log-in cannot travel to another process."""
    packages(**NOBODY)
    assert ("DeviceCodeCredential", "") == _asked({"KAGGLE_KERNEL_RUN_TYPE": "Interactive"})
    assert ("InteractiveBrowserCredential", "") == _asked({"DISPLAY": ":0"})
    monkeypatch.setitem(sys.modules, "google.colab", object())
    assert ("DeviceCodeCredential", "") == _asked({"DISPLAY": ":0"})


def _asked(environ):
    chosen = choose(environ, interactive=True)
    return chosen.credential.name, chosen.reference


def test_a_person_has_all_the_time_to_log_in(packages) -> None:
    """The log-in is over before Azure is given seconds to answer; one that fails says why."""
    packages(**NOBODY, DeviceCodeCredential=ClientAuthenticationError("AADSTS50076: MFA"))
    with pytest.raises(LoginRefused, match="a second factor is asked for") as raised:
        choose({"KAGGLE_KERNEL_RUN_TYPE": "Interactive"}, interactive=True)
    assert "nobody is here" not in str(raised.value)


def test_a_login_that_has_expired_is_told(packages) -> None:
    """Where `az` has to log in again, the message says so, and not only that it was tried."""
    packages(ManagedIdentityCredential=NO, AzureCliCredential=ClientAuthenticationError("AADSTS70043: old"))
    with pytest.raises(LoginRefused, match=r"cli \(.*AADSTS70043, the log-in has expired: run `az login`\)"):
        choose({}, interactive=False)


@pytest.mark.parametrize(
    ("variable", "kind", "reference"),
    [
        ("AZURE_CLIENT_CERTIFICATE_PATH", "CertificateCredential", "environment"),
        ("AZURE_FEDERATED_TOKEN_FILE", "WorkloadIdentityCredential", "workload"),
    ],
)
def test_what_only_a_file_names_is_taken_from_it(
    packages, tmp_path, monkeypatch, variable, kind, reference
) -> None:
    """A certificate or a workload of a .env, which no environment has: here, and in the process that delivers."""
    packages()
    path = tmp_path / ".env"
    named = {**PRINCIPAL, "AZURE_CLIENT_SECRET": "", variable: "place"}
    path.write_text("".join(f"{name}={value}\n" for name, value in named.items()))
    chosen = choose(named, env_file=str(path))
    assert (kind, f"env-file:{path}") == (chosen.credential.name, chosen.reference)
    assert "place" in str(made_from(chosen.reference, {}).given)
    monkeypatch.setenv(variable, "place")
    assert reference == choose(named, env_file=str(path)).reference


def test_the_code_to_type_is_said_on_stderr(capsys) -> None:
    """Standard output is the program's."""
    credentials._prompt("https://microsoft.com/devicelogin", "ABC", None)
    told = capsys.readouterr()
    assert "ABC" in told.err
    assert not told.out


def test_a_reference_makes_the_same_credential_elsewhere(packages, tmp_path) -> None:
    """What travels is a word or the name of a file, and no secret."""
    packages()
    assert "AzureCliCredential" == made_from("cli", {}).name
    assert "ClientSecretCredential" == made_from("environment", PRINCIPAL).name
    path = tmp_path / ".env"
    path.write_text("".join(f"{name}={value}\n" for name, value in PRINCIPAL.items()))
    chosen = choose(PRINCIPAL, env_file=str(path))
    assert f"env-file:{path}" == chosen.reference
    assert ("t", "c", "s") == made_from(chosen.reference, {}).given["args"]
    with pytest.raises(ConfigError, match="'environment' cannot be made here"):
        made_from("environment", {})


def test_without_a_reference_nobody_is_asked(packages, monkeypatch) -> None:
    """A worker or a shipper that was told nothing takes what gives a token by itself, or fails."""
    packages(ManagedIdentityCredential=NO)
    assert "AzureCliCredential" == made_from("", {}).name
    packages(**NOBODY)
    monkeypatch.setattr(credentials, "is_person", lambda _: True)
    with pytest.raises(LoginRefused):
        made_from("", {})


def test_without_the_package_the_extra_is_named(monkeypatch) -> None:
    """What is missing is a pip line away."""
    monkeypatch.setitem(sys.modules, "azure", None)
    with pytest.raises(ConfigError, match=r'pip install "tracked\[azure\]"'):
        choose({})
