"""Which names are secrets: backups of those that are, and what a version control other than git keeps."""

import pytest

from tests.unit.copying import Copy, copy
from tests.unit.test_project_entry import left, names_of

__all__ = ["copy"]

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
