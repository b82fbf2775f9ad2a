"""Secrets of real-world shapes, and words that only look like them."""

import time
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracked.redact import (
    is_secret_name,
    is_secret_type,
    redact_text,
    redact_url,
    redact_value,
    secret_values,
)


def words(text):
    """Words of a text."""
    return text.split()


SECRET_NAMES = words(
    """
    password passwd PASSWORD db_password userPassword password2 old_password PGPASSWORD MYSQL_PWD pwd
    passphrase secret SECRET_KEY client_secret clientSecret django-secret AWS_SECRET_ACCESS_KEY
    secret_value token HF_TOKEN hfToken access_token auth_token api-token GITHUB_TOKEN use_auth_token
    id_token token_value token2 MLFLOW_TRACKING_TOKEN refresh_token bearer_token api_tokens sas_token
    AZURE_STORAGE_SAS_TOKEN api_key apikey apiKey API-KEY OPENAI_API_KEY x-api-key openai_key
    WANDB_API_KEY subscription_key account_key AZURE_STORAGE_KEY private_key ssh_key signing_key
    credential credentials aws_credentials creds AZURE_CREDENTIAL auth basic_auth http_auth proxyAuth
    REDISCLI_AUTH authorization Authorization sas account_sas SAS conn_str connection_string
    connectionString AZURE_STORAGE_CONNECTION_STRING conn_string db_pass SMTP_PASS jwt session_cookie
    bearer
    """
)
PLAIN_NAMES = words(
    """
    author authors author_name GIT_AUTHOR_NAME authority tokenizer tokenizer_name tokenizers
    TOKENIZERS_PARALLELISM tokenize max_tokens num_tokens n_tokens token_count tokens max_new_tokens
    tokens_per_batch min_tokens maxTokens pad_token eos_token bos_token cls_token mask_token unk_token
    sep_token special_tokens pad_token_id token_ids token_type_ids token_dropout token_embedding
    image_token next_token token_classification token_length password_length password_file token_file
    AWS_SHARED_CREDENTIALS_FILE secret_name credentials_path auth_mode use_auth requires_auth auth_url
    SSH_AUTH_SOCK auth_method key keys primary_key sort_key key_size keyboard monkey hockey_key
    cache_key study_key_hash call_key pass num_pass forward_pass bypass passes compass sasquatch sass
    message lr learning_rate epochs backbone seed secretary_count args/0
    """
)


@pytest.mark.parametrize("name", SECRET_NAMES)
def test_names_of_secrets_are_known(name):
    """What is called so holds a secret."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_other_names_are_left_alone(name):
    """What is called so is an ordinary setting, above all in language models."""
    assert not is_secret_name(name)


URLS = [
    ("postgresql://me:hunter2@db.host:5432/mlflow", "postgresql://***@db.host:5432/mlflow"),
    ("mysql+pymysql://root:p@ss@host/db?charset=utf8", "mysql+pymysql://***@host/db?charset=utf8"),
    ("postgres://me:pa/ss@host/db", "postgres://***@host/db"),
    ("https://ghp_abc@github.com/me/repo.git", "https://***@github.com/me/repo.git"),
    ("https://key123@o1.ingest.sentry.io/42", "https://***@o1.ingest.sentry.io/42"),
    ("redis://:secret@cache:6379/0", "redis://***@cache:6379/0"),
    ("https://a.blob.core.x.net/c/f?sv=2024&sig=aB%2Bc%3D", "https://a.blob.core.x.net/c/f?sv=2024&sig=***"),
    ("https://api.x.com/v1?access_token=abc&page=2", "https://api.x.com/v1?access_token=***&page=2"),
    ("https://b.s3.x.com/k?X-Amz-Signature=ab12&X-Amz-Date=1", "https://b.s3.x.com/k?X-Amz-Signature=***&X-Amz-Date=1"),
    ("https://maps.x.com/?key=AIzaSyA1234567890abcdefghi", "https://maps.x.com/?key=***"),
    ("https://x.com/cb#access_token=abc", "https://x.com/cb#access_token=***"),
    ("HTTPS://me:pw@host", "HTTPS://***@host"),
]  # fmt: skip
PLAIN_URLS = [
    "sqlite:///mlflow.db",
    "file:///data/a@b/c",
    "http://127.0.0.1:5000/#/experiments/1?page=2",
    "https://host:5000/path/a@b",
    "abfss://container@account.dfs.core.windows.net/data",
    "wasbs://container@account.blob.core.windows.net/data",
    "ssh://git@github.com/me/repo.git",
    "s3://bucket/key=1/part",
    "https://x.com/?key=lr&author=me&max_tokens=5",
    "azureml://locations/x/workspaces/y",
]


@pytest.mark.parametrize(("url", "expected"), URLS)
def test_urls_lose_their_credentials(url, expected):
    """Users, passwords, signatures and tokens go, in the address alone, in a value and in the middle of a text."""
    assert expected == redact_url(url)
    assert expected == redact_value(url)
    assert f"cannot reach {expected}, giving up" == redact_text(f"cannot reach {url}, giving up")


@pytest.mark.parametrize("url", PLAIN_URLS)
def test_other_urls_are_left_alone(url):
    """Ports, containers, paths and ordinary query parameters stay."""
    assert url == redact_url(url)
    assert url == redact_value(url)
    assert f"see {url} for more" == redact_text(f"see {url} for more")


KEYS = [
    "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
    "github_pat_11ABCDEFG0abcdefghijkl_mnopqrstuvwxyz",
    "glpat-abcdefghij0123456789",
    "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
    "sk-proj-abcDEF123ghiJKL456mnoPQR",
    "sk-ant-api03-abcDEF123ghiJKL456mnoPQR",
    "xoxb-123456789012-abcdefghij",
    "AKIAIOSFODNN7EXAMPLE",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "dapi0123456789abcdef0123456789abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----",
]
PLAIN_VALUES = [
    "sk-learn-classification-model-v2-large",
    "hf_transformers_checkpoint_of_the_day",
    "distilbert-base-uncased",
    "0123456789abcdef0123456789abcdef01234567",
    "name=value",
    "lr=0.1,epochs=5",
    "max_tokens=512",
    "user@example.com",
    "Bearer of bad news",
    "a token: a word",
    "",
]


@pytest.mark.parametrize("key", KEYS)
def test_keys_of_a_known_shape_go(key):
    """A key that can be known by its shape goes wherever it stands."""
    assert "***" == redact_value(key)
    assert "using *** now" == redact_text(f"using {key} now")


@pytest.mark.parametrize("value", PLAIN_VALUES)
def test_other_values_are_left_alone(value):
    """Names of models, hashes and settings stay as they are."""
    assert value == redact_value(value)


TEXTS = [
    ("password=hunter2", "password=***"),
    ("Protocol=https;AccountName=a;AccountKey=b+/d==;Suffix=x", "Protocol=https;AccountName=a;AccountKey=***;Suffix=x"),
    ("Server=x;User=sa;Password=p$w;", "Server=x;User=sa;Password=***;"),
    ("{'api_key': 'abc', 'lr': 0.1}", "{'api_key': ***, 'lr': 0.1}"),
    ('{"password": "a\\"b", "n": 1}', '{"password": ***, "n": 1}'),
    ("token: abc", "token: ***"),
    ("Authorization: Bearer abc.def", "Authorization: ***"),
    ("connect(user='me', password='x y')", "connect(user='me', password=***)"),
    ("train.py --api-key abc --lr 0.1", "train.py --api-key *** --lr 0.1"),
    ("train.py --password=abc", "train.py --password=***"),
    ("max_tokens=5, author: me, tokenizer='bert'", "max_tokens=5, author: me, tokenizer='bert'"),
    ("KeyError: 'lr'", "KeyError: 'lr'"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_what_is_said_of_a_secret_goes(text, expected):
    """In prose, whatever is assigned to the name of a secret goes, and nothing else."""
    assert expected == redact_text(text)
    assert expected == redact_text(expected)


def test_secrets_of_the_environment_go():
    """Values of the environment's secrets go, also inside of other text, the longest first."""
    environ = {
        "HF_TOKEN": "abcd1234",
        "DB_PASSWORD": "abcd1234efgh",
        "LANG": "C.UTF-8!",
        "PWD": "/home/me/work",
    }

    assert ("abcd1234efgh", "abcd1234") == secret_values(environ)
    said = redact_text("got abcd1234efgh, abcd1234/C.UTF-8! in /home/me/work", environ)
    assert "got ***, ***/C.UTF-8! in /home/me/work" == said


def test_short_and_ordinary_variables_stay():
    """A short value of the environment would be found everywhere by chance; a variable of another name is no secret."""
    assert () == secret_values(
        {"TOKEN": "short", "TOKENIZERS_PARALLELISM": "falsefalse", "OLDPWD": "/home/me"}
    )


def test_a_traceback_keeps_its_lines_and_loses_its_secrets():
    """A traceback stays readable without the values of its secrets."""

    def login():
        raise ValueError("cannot log in to postgres://me:hunter2@host/db with {'token': 'abc'}")

    try:
        login()
    except ValueError:
        text = redact_text(traceback.format_exc())

    assert "hunter2" not in text
    assert "'abc'" not in text
    assert "ValueError: cannot log in to postgres://***@host/db" in text


def test_a_signature_goes_where_the_host_is_not_beside_it():
    """As libraries tell of a request that failed: the path alone, and who reads it could use it."""
    said = "HTTPSConnectionPool(host='x'): Max retries exceeded with url: /c/a.bin?sv=2024&sig=AbC%2Fd123 (refused)"
    assert said.replace("AbC%2Fd123", "***") == redact_text(said)


@given(st.text(), st.text("abcdefgh", min_size=8, max_size=12), st.text())
def test_no_secret_of_the_environment_survives(before, secret, after):
    """Wherever it stands, a secret of the environment does not get through."""
    assert secret not in redact_text(before + secret + after, {"API_KEY": secret})


@given(st.text())
def test_redaction_is_done_once(text):
    """Redacting what was redacted changes nothing."""
    assert redact_value(redact_value(text)) == redact_value(text)


def test_hiding_types_are_known():
    """Pydantic's secrets are known by their type, text is not one."""
    pydantic = pytest.importorskip("pydantic")

    assert is_secret_type(pydantic.SecretStr)
    assert is_secret_type(pydantic.SecretBytes)
    assert is_secret_type(type(pydantic.Secret[int](1)))
    assert not is_secret_type(pydantic.BaseModel)
    assert not is_secret_type(str)


@pytest.mark.parametrize(
    "piece", ["a", "a=", "a.", "://", "a://", "@", "?a", "'", "a='", "\\'", "--a ", "password ", "eyJ-", "sk-", "a  ",
     "-----BEGIN PRIVATE KEY-----"]
)  # fmt: skip
def test_redaction_of_a_long_text_is_quick(piece):
    """No text of 100,000 characters makes a search run away."""
    text = piece * (100_000 // len(piece))
    started = time.process_time()

    assert redact_text(text) is not None
    assert redact_text("https://" + text) is not None
    assert 10 > time.process_time() - started
