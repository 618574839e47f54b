"""Which names are secrets: backups of those that are, and what a version control other than git keeps."""

import pytest
from project.secret import Secrets

from tests.unit.copying import Copy, copy, git, program
from tests.unit.test_project_entry import left

__all__ = ["copy"]


def names_of(*files: str) -> list[str]:
    """Those that the default list calls a secret."""
    secrets = Secrets()
    found = []
    for name in files:
        parts = name.encode().split(b"/")
        folders = [b"/".join(parts[: depth + 1]) for depth in range(len(parts) - 1)]
        inside = any(secrets.is_secret(path, path.rpartition(b"/")[2], folder=True) for path in folders)
        own = not secrets.hints.settle(parts[-1]) and secrets.is_secret(name.encode(), parts[-1])
        found += [name] if inside or own else []
    return found


def test_the_list_of_secrets() -> None:
    secrets = (
        *(".env", ".ENV", ".env.local", "prod.env", ".envrc", "server.pem", "a/b/tls.KEY", "id_rsa", "id_ed25519.bak"),
        *(".netrc", ".aws/config", "x/.ssh/known_hosts", ".gnupg/x", "credentials", "credentials.json", "v.kdbx"),
        *(".docker/config.json", "my-service-account-1.json", "terraform.tfstate", ".git-credentials"),
    )
    harmless = (
        *("env", "environment.py", ".env.example", "id_rsa.pub", "keys.py", "monkey.txt", "credentials.py", ".npmrc"),
        *("docker/config.json", "aws/config", "package.json", "ssh.c", "secret.py", ".gitignore", "keyboard"),
    )
    assert names_of(*secrets, *harmless) == list(secrets)


def test_some_are_secrets_by_what_is_in_them(copy: Copy) -> None:
    copy.write("a/.npmrc", ".npmrc", "app-key.json", "key.json")
    (copy.project / ".npmrc").write_text("//registry/:_authToken=x\n")
    (copy.project / "key.json").write_text('{"private_key": "-----BEGIN PRIVATE KEY-----"}')
    copy.enter()
    assert left(copy) == {".npmrc": "secret", "key.json": "secret"}


def test_certificates_alone_are_no_secret(copy: Copy) -> None:
    """Without its list of authorities, what is taken along of an environment reaches nobody."""
    public = "# Issuer: x\n-----BEGIN CERTIFICATE-----\nMIIx\n-----END CERTIFICATE-----\n"
    token = "ghp_" + "a1B2" * 9
    secret = {
        "key.pem": public + "-----BEGIN PRIVATE KEY-----\n",
        "rsa.pem": "-----BEGIN RSA PRIVATE KEY-----\n",
        "none.pem": "MIIx\n",
        "token.pem": public + token,
        "asked.pem": public,
        "other.key": public,
        "large.pem": public * 70000,
    }
    for name, content in {**secret, "certifi/cacert.pem": public * 3, "chain.PEM": public}.items():
        copy.write(name)
        (copy.project / name).write_text(content)
    (copy.project / "link.pem").symlink_to("chain.PEM")
    copy.enter("--secret", "asked*")
    assert left(copy) == dict.fromkeys((*secret, "link.pem"), "secret")


def test_an_environment_that_names_this_machine_s_paths_is_said(copy: Copy) -> None:
    copy.write(".gitignore", "venv/pyvenv.cfg", "venv/bin/pip", "a b/.venv/pyvenv.cfg", "pyvenv.cfg.d/x")
    (copy.project / ".gitignore").write_text("venv/\n.venv/\n")
    git(copy.project, "init", "-q")
    copy.enter("--ignored")
    told = program(copy.state, "left-out", "--told").stdout.decode().splitlines()
    assert [line for line in told if line.startswith("no use")] == [
        "no use: a b/.venv, venv names this machine's paths; make it anew in the sandbox, and install again: "
        "scripts/exec.sh -- python3 -m venv --clear 'a b/.venv'"
    ]


def test_names_that_tools_document_are_secrets_and_their_samples_are_not() -> None:
    """One name a group of the table; each stood in a copy before the table had it."""
    secrets = (
        *("box/local/env", ".dev.vars", ".streamlit/secrets.toml", "kubeconfig", "prod.kubeconfig", "prod.tfvars"),
        *(".bash_history", ".python_history", ".psql_history", ".node_repl_history", "deploy_key", "my_ed25519"),
        *("x.agekey", ".cargo/credentials.toml", ".config/gh/hosts.yml", "rclone.conf", "google-services.json"),
        *("config/credentials/production.key", ".m2/settings.xml", "etc/shadow", "kaggle.json", ".codex/auth.json"),
    )
    harmless = (
        "example.tfvars",
        ".dev.vars.example",
        "deploy_key.pub",
        "deploy_key.py",
        "history.py",
        "environment.yml",
    )
    assert names_of(*secrets, *harmless) == list(secrets)


def test_settings_are_secrets_only_with_a_token_in_them(copy: Copy) -> None:
    token = "ghp_" + "a1B2" * 9
    for name in ("app.ini", "config.json", "main.py"):
        (copy.project / name).write_text(f"token = {token}\n")
    (copy.project / "setup.cfg").write_text("[metadata]\nname = x\n")
    (copy.project / "wg0.conf").write_text("PrivateKey = x\n")
    copy.enter()
    # A source file is not opened: it is where the table says that it ends.
    assert left(copy) == {"app.ini": "secret", "config.json": "secret", "wg0.conf": "secret"}


# How programs and people call the copy of a file that they keep.
BACKUPS = (
    *(
        "{}~",
        "{}.bak",
        "{}.old",
        "{}.orig",
        "{}.save",
        "{}.swp",
        ".{}.swp",
        "#{}#",
        "{}.1",
        "{}.~1~",
        "{}.bak.2",
        "{}_old",
    ),
    *(
        "{}-backup",
        "{} (copy)",
        "{} copy",
        "{} (1)",
        "{}.gz",
        "{}.bak~",
        "{}.dpkg-old",
        "{}.rpmsave",
        "{}.un~",
        "{}.BAK",
    ),
)


@pytest.mark.parametrize(
    "name", [".env", "server.key", ".netrc", "prod.tfvars", "secrets.yml", "kaggle.json", "x.secrets.yaml"]
)
def test_the_backup_of_a_secret_is_one_and_that_of_a_sample_is_none(copy: Copy, name: str) -> None:
    backups = [shape.format(name) for shape in BACKUPS]
    harmless = [shape.format(other) for shape in BACKUPS for other in ("main.py", ".env.example", "id_rsa.pub")]
    copy.write(*backups, *harmless)
    copy.enter()
    assert sorted(left(copy)) == sorted(backups)


def test_a_dot_file_with_one_more_word_is_of_the_same_kind(copy: Copy) -> None:
    secrets = [".env_prod", ".envrc.local", ".netrc.work", ".pgpass-prod", ".aws.bak/config", ".ssh_old/known_hosts"]
    copy.write(
        *secrets, ".env_example", ".env-sample", ".azure-pipelines/x.yml", ".history.js", ".npmrc.bak", "a/.npmrc~"
    )
    (copy.project / ".npmrc.bak").write_text("//registry/:_authToken=x\n")
    copy.enter()
    found = [".aws.bak", ".env_prod", ".envrc.local", ".netrc.work", ".npmrc.bak", ".pgpass-prod", ".ssh_old"]
    assert sorted(left(copy)) == found


def test_a_backup_is_taken_where_its_own_name_is_to_be_kept(copy: Copy) -> None:
    copy.write("a.key", "a.key.bak", "b.mine", "b.mine~")
    copy.enter("--keep", "a.key.bak", "--secret", "*.mine")
    assert sorted(left(copy)) == ["a.key", "b.mine", "b.mine~"]


def test_what_other_version_control_keeps_is_left_out_as_git_s_is(copy: Copy) -> None:
    kept = (".hg/store/x", ".svn/wc.db", ".jj/repo/x", ".bzr/x", "sub/.hg/hgrc")
    copy.write("a", *kept, ".svn/auth/x", ".hgignore")
    copy.enter()
    found = left(copy)
    assert set(found.values()) == {"history"}
    assert sorted(found) == [".bzr", ".hg", ".jj", ".svn", "sub/.hg"]


def test_asked_for_it_comes_without_its_passwords(copy: Copy) -> None:
    copy.write(
        ".hg/store/x",
        ".hg/hgrc",
        "sub/.hg/hgrc",
        ".svn/auth/svn.simple/1",
        ".svn/wc.db",
        ".vagrant/machines/a/private_key",
    )
    (copy.project / ".hg/hgrc").write_text("[paths]\ndefault = https://me:precious@example.org/repo\n")
    copy.enter("--git")
    assert sorted(left(copy)) == [".hg/hgrc", ".svn/auth", ".vagrant/machines/a/private_key"]


def test_more_names_that_tools_document() -> None:
    """One name a row of the table's newer half; each stood in a copy before the table had it."""
    secrets = (
        *(".secrets.toml", "x.secrets.yaml", ".authinfo", "android/key.properties", "local.settings.json", ".Renviron"),
        *("http.keytab", ".smbcredentials", ".vagrant/machines/a/virtualbox/private_key", ".svn/auth/svn.simple/1"),
        *(
            "x.tfplan",
            "db_password.txt",
            "config/prod.secret.exs",
            "app/etc/env.php",
            ".snowflake/config",
            "secure.yaml",
        ),
        *(
            "rke2.yaml",
            ".mbsyncrc",
            "firebase-tools.json",
            "playwright/.auth/user.json",
            "cookies.txt",
            ".erlang.cookie",
        ),
        *(
            "cluster-keys.json",
            "jupyter_cookie_secret",
            "UTC--2016-a",
            "x-keypair.json",
            "home.nmconnection",
            "winscp.ini",
        ),
        *(".circleci/cli.yml", "github-copilot/hosts.json", ".gist", "hcloud/cli.toml", "me_accessKeys.csv"),
    )
    harmless = (
        *(".secrets.baseline", "secrets.enc.yaml", "secrets.example.yml", "app/etc/di.php", "playwright/tests/auth.ts"),
        *("cookies.py", "cli.toml", "keypair.json", "hosts.json", "private_key.py", "secrets.test.js", "env.php"),
    )
    assert names_of(*secrets, *harmless) == list(secrets)


# Marks of a copy, or of age: in front, before the suffix, at the end.
MARKED = (
    "{0} (copy){1}",
    "{0} (1){1}",
    "{0}(2){1}",
    "{0} copy{1}",
    "{0} copy 2{1}",
    "{0} - Copy{1}",
    "{0}-old{1}",
    "{0}_bak{1}",
    "{0}.bak{1}",
    "{0}-2026-11-30{1}",
    "{0}_20261130{1}",
    "Copy of {0}{1}",
    "copy_of_{0}{1}",
    "old-{0}{1}",
    "backup_{0}{1}",
    "Kopie von {0}{1}",
    "{0} (copy){1}.old",
    "{0}{1} - Copy",
)


@pytest.mark.parametrize("mark", MARKED)
def test_a_mark_of_a_copy_or_of_age_hides_no_secret_wherever_it_stands(mark: str) -> None:
    names = [
        *(
            ("secrets", ".yml"),
            ("kaggle", ".json"),
            ("passwords", ".txt"),
            ("wallet", ".dat"),
            ("credentials", ".json"),
        ),
        *(("server", ".key"), ("local.settings", ".json"), ("prod", ".tfvars"), ("my-service-account", ".json")),
    ]
    secrets = [mark.format(*name) for name in names]
    plain = [mark.format(*name) for name in (("index", ".js"), ("notes", ".txt"), ("credentials", ".py"), ("a", ".md"))]
    assert names_of(*secrets, *plain) == secrets


def test_a_folder_that_bears_a_secrets_name_is_one() -> None:
    secrets = ("sub/.env/prod", ".secrets/db", ".envs/.production/.postgres", ".env (copy)/x", ".netrc/x")
    more = (".dotenv", "htpasswd", "github-recovery-codes.txt", "a/backup_codes (1).txt")
    harmless = ("secret.txt.d/a", "env/a", "copy", "copy of", "recovery-codes.md", "old-")
    assert names_of(*secrets, *more, *harmless) == [*secrets, *more]


def test_a_key_in_a_certificate_or_an_account_is_seen(copy: Copy) -> None:
    copy.write("plain.crt", "sa.json.md")
    (copy.project / "tls.crt").write_text("-----BEGIN PRIVATE KEY-----\nx\n")
    (copy.project / "sa (1).json").write_text('{"private_key": "-----BEGIN PRIVATE KEY-----"}')
    copy.enter()
    assert left(copy) == {"tls.crt": "secret", "sa (1).json": "secret"}
