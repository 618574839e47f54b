# ruff: noqa: E501
"""The names that secrets have, as data: each row says where it is written that such a file holds one.

Names are compared without regard to case. One that ends with `/` is a folder; one with another `/` in it is a path's end. A
name begins with two plain letters or ends with a plain extension: most names are then settled without a second look.
Each stands for its backups as well.
"""

from __future__ import annotations

# What the copy of a file is called that a program or a person keeps: vim, nano, Emacs, Kate, Nautilus, dpkg, rpm, sed -i, logrotate.
KEPT_AS = ("bak", "bk", "bkp", "back", "backup", "old", "orig", "original", "save", "saved", "sav", "prev", "previous", "copy", "swp",
           "swo", "swn", "un", "kate-swp", "tmp", "temp", "rej", "off", "disabled", "dpkg-old", "dpkg-new", "dpkg-dist", "ucf-old",
           "rpmsave", "rpmnew", "rpmorig", "gz", "bz2", "xz", "zst", "zip")  # fmt: skip

# And what a person, Windows or a browser puts in front.
KEPT_BEFORE = ("copy", "kopie", "copie", "copia", "backup", "bak", "old", "orig", "original", "previous", "saved")

NAMES = (
    ("Cookiecutter Django: Docker, environment; Node: dotenv; Apache: htpasswd", (".envs/", ".dotenv", "htpasswd")),
    (
        "GitHub, GitLab, Google: recovery and backup codes",
        ("*recovery-codes*.txt", "*recovery_codes*.txt", "*backup-codes*.txt", "*backup_codes*.txt"),
    ),
    ("dotenv: Usage; direnv: man page of direnv", (".env", ".env.*", ".env-*", "*.env", ".envrc")),
    ("Cloudflare Workers: Secrets, local development", (".dev.vars", ".dev.vars.*")),
    ("gen: docs/commands.md, a bundle's local/env", ("local/env",)),
    ("curl: manual, .netrc; Python: netrc", (".netrc", "_netrc")),
    ("OpenSSL: command-line tools; RFC 7468; RFC 7292", ("*.pem", "*.key", "*.p12", "*.pfx", "*.p8", "*.pkcs12", "*.pvk", "*.keypair")),
    ("PuTTY: user manual, PuTTYgen", ("*.ppk",)),
    ("Java: keytool; Bouncy Castle: keystores", ("*.jks", "*.jceks", "*.bks", "*.keystore")),
    ("KeePass: help; Password Safe: help; 1Password: export", ("*.kdbx", "*.kdb", "*.psafe3", "*.1pif", "*.agilekeychain/")),
    ("Apple: Keychain Services; KDE: KWallet", ("*.keychain", "*.keychain-db", "*.kwallet", "*.keyring", ".local/share/keyrings/")),
    ("OpenVPN: reference manual", ("*.ovpn", "*.tblk")),
    (
        "OpenSSH: ssh-keygen(1), sshd(8); GitHub: Managing deploy keys",
        ("id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "ssh_host_*_key", "*_rsa", "*_dsa", "*_ecdsa", "*_ed25519", "deploy_key*", "deploy-key*", ".ssh/"),
    ),
    ("GnuPG: manual, files; OTR: libotr", ("*.gpg-key", "*.asc.key", "secring.*", ".gnupg/", "otr.private_key")),
    ("age: README; SOPS: README, age", ("*.agekey", "age-key*", "age_key*", "sops/age/keys.txt")),
    ("pass: man page; Bitcoin Core: files", (".password-store/", "wallet.dat")),
    ("git-credential-store(1); GitHub CLI, hub, glab: configuration", (".git-credentials", ".config/gh/", "gh/hosts.yml")),
    ("hub: manual; GitLab CLI: configuration", (".config/hub", ".config/glab-cli/")),
    ("PyPA: .pypirc; Poetry: configuration", (".pypirc", "pypoetry/auth.toml")),
    ("Cargo: credentials; RubyGems: API key; Jenkins: credentials", ("credentials*", ".credentials", ".credentials.*")),
    ("Maven: Password Encryption, settings", (".m2/settings.xml", "settings-security.xml")),
    ("Docker: docker login; containers-auth.json(5)", (".dockercfg", ".docker/config.json", "containers/auth.json")),
    (
        "Kubernetes: Organizing Cluster Access Using kubeconfig Files; K3s: Cluster Access",
        (".kube/", "kubeconfig", "kubeconfig.*", "kubeconfig-*", "*.kubeconfig", "k3s.yaml"),
    ),
    ("AWS CLI: Configuration and credential file settings; s3fs: README", (".aws/", ".passwd-s3fs", "rootkey.csv", "accesskeys.csv")),
    ("Azure CLI: configuration; Azure: publish settings", (".azure/", "*.publishsettings", "*.cscfg")),
    (
        "Google Cloud: Application Default Credentials, OAuth client, service accounts; gsutil: boto",
        (".config/gcloud/", "application_default_credentials.json", "client_secret*.json", "gha-creds-*.json", ".boto",
         "*service-account*.json", "*service_account*.json", "*serviceaccount*.json", "token.pickle"),
    ),
    ("Firebase: Add Firebase to an app, Admin SDK", ("google-services.json", "googleservice-info.plist", "*firebase-adminsdk*.json")),
    ("OCI CLI, Alibaba CLI, IBM Cloud CLI, doctl: configuration", (".oci/", ".aliyun/", ".bluemix/", ".config/doctl/")),
    ("Databricks CLI, SnowSQL, Akamai, Linode CLI: configuration", (".databrickscfg", ".snowsql/", ".edgerc", ".linode-cli")),
    ("s3cmd: usage; rclone: configuration; tugboat: README", (".s3cfg", "rclone.conf", ".config/rclone/", ".tugboat")),
    ("Fly, cloudflared, ngrok, Heroku: configuration", (".fly/", ".cloudflared/", ".ngrok2/", "heroku.json")),
    ("Vault: token helper; Ansible: Managing vault passwords",
     (".vault-token", ".vault_pass*", "vault_pass*", ".vault-pass*", "vault-pass*", ".vault_password*", "vault_password*")),
    (
        "Terraform: State, Input Variables, CLI configuration",
        ("*.tfstate", "*.tfstate.backup", "*.tfvars", "*.tfvars.json", ".terraformrc", "terraform.rc", ".terraform.d/"),
    ),
    ("Chef: knife; Puppet: eyaml; Pulumi: configuration", (".chef/", "knife.rb", "private_key.pkcs7.pem", ".pulumi/credentials.json")),
    (
        "Rails: Securing credentials; Streamlit: Secrets; ASP.NET Core: user secrets; GitLab: gitlab-secrets.json",
        ("secrets.yml", "secrets.yaml", "secrets.toml", "secrets.json", "secrets.ini", "secrets.properties", "secret.yml",
         "secret.yaml", "secret_token.rb", "application-secrets.*", "application-secret.*", "appsettings.secrets.json",
         "gitlab-secrets.json", "hudson.util.secret"),
    ),
    (
        "PostgreSQL: libpq, password file; MySQL: option files; DBeaver, Robo 3T: files",
        (".pgpass", "pgpass.conf", ".pg_service.conf", ".my.cnf", ".mylogin.cnf", "dbeaver-data-sources.xml", "robomongo.json"),
    ),
    (
        "Bash, zsh, ksh, fish: history files",
        (".bash_history", ".zsh_history", ".zhistory", ".sh_history", ".ksh_history", ".ash_history", ".history",
         "fish_history", ".histfile"),
    ),
    (
        "Python, Node, irb, pry, R, PHP, Octave: history of the prompt",
        (".python_history", ".ipython/profile_default/history.sqlite", ".node_repl_history", ".irb_history", ".irb-history",
         ".pry_history", ".rhistory", ".php_history", ".octave_hist"),
    ),
    (
        "psql, mysql, sqlite3, redis-cli, mongo: history of the prompt",
        (".psql_history", ".mysql_history", ".mariadb_history", ".sqlite_history", ".rediscli_history", ".dbshell",
         ".mongosh/", ".mongorc.js"),
    ),
    ("Apache: htpasswd, htdigest; ProFTPD: AuthUserFile; shadow(5)", (".htpasswd", ".htdigest", "proftpdpasswd", "etc/shadow", "etc/gshadow")),
    (
        "FileZilla, Remote FTP, SFTP for Sublime Text and VS Code: settings",
        ("filezilla.xml", "recentservers.xml", "sitemanager.xml", ".ftpconfig", ".remote-sync.json", "sftp-config.json",
         "sftp.json", "webservers.xml"),
    ),
    ("mutt, msmtp, fetchmail, irssi, Pidgin: configuration", (".muttrc", ".msmtprc", ".fetchmailrc", ".esmtprc", ".irssi/config", ".purple/accounts.xml")),
    ("Firefox, Thunderbird, Chromium: profiles", ("logins.json", "key3.db", "key4.db", "signons.sqlite", "login data", ".mozilla/", ".thunderbird/")),
    ("Microsoft: Remote Desktop files", ("*.rdp",)),
    ("Kaggle, Hugging Face, Sentry CLI, WakaTime: configuration", ("kaggle.json", ".huggingface/", ".sentryclirc", ".wakatime.cfg")),
    ("Codex, Gemini CLI, OpenCode, Claude Code: where credentials are kept", (".codex/auth.json", "oauth_creds.json", "opencode/auth.json")),
    (
        "gitleaks, detect-secrets: what people name such a file",
        ("passwords.txt", "password.txt", "passwords.csv", "secret.txt", "secrets.txt", "api_key", "api_key.txt", "apikey.txt",
         "api-key.txt", ".apikey", ".api_key", "token.txt", ".token", "access_token.txt"),
    ),
    ("Dynaconf: Secrets; act: Secrets; Truffle: HDWallet provider", (".secrets", ".secrets.toml", ".secrets.yaml", ".secrets.yml", ".secrets.json", ".secrets.ini", ".secrets.py", ".secret")),
    ("helm-secrets: README; Validated Patterns: Secrets", ("*.secrets.yaml", "*.secrets.yml", "*.secrets.json", "*.secrets.toml", "secrets.*.yaml", "secrets.*.yml", "secrets.*.json", "secrets.*.toml", "values-secret*.yaml")),
    ("Emacs: auth-source; GNU Wget, Nix: netrc", (".authinfo", "netrc")),
    ("Flutter: Build and release an Android app; Android: Remove signing information", ("key.properties", "keystore.properties")),
    ("Azure Functions: local settings file", ("local.settings.json",)),
    ("R: Startup", (".renviron", "renviron.site")),
    ("MIT Kerberos: keytab, ccache", ("*.keytab", "krb5cc_*")),
    ("mount.cifs(8): credentials", (".smbcredentials", ".smbcred", ".cifscredentials", "smbcredentials")),
    ("Vagrant: config.ssh.private_key_path; Tor: onion services", ("private_key", "hs_ed25519_secret_key")),
    ("Subversion: Client credentials", (".svn/auth/", ".subversion/auth/")),
    ("Terraform: plan, Packer: variables from a file", ("*.tfplan", "tfplan", "*.pkrvars.hcl")),
    ("Docker Compose: Secrets; Jenkins: Installing; Chef: Data bags", ("db_password.txt", "db_root_password.txt", "initialadminpassword", "encrypted_data_bag_secret")),
    ("Symfony: Secrets, parameters; Phoenix: Deployment; Flask: Instance folders", ("*.decrypt.private.php", "app/config/parameters.yml", "*.secret.exs", "instance/config.py")),
    ("Adobe Commerce: env.php reference; Magento 1: local.xml", ("app/etc/env.php", "app/etc/local.xml")),
    ("Snowflake: connections.toml; Oracle: wallets; Redis: ACL file", (".snowflake/", "cwallet.sso", "users.acl")),
    ("OpenStack: secure.yaml, RC file", ("secure.yaml", "*-openrc.sh", "openrc")),
    ("Talos: talosctl; RKE2, RKE: Cluster Access; Rancher, Argo CD, Cloud Foundry: CLI configuration", ("talosconfig", "rke2.yaml", "kube_config_*.yml", ".rancher/", ".config/argocd/", ".cf/config.json")),
    ("isync, OfflineIMAP, NeoMutt, aerc: configuration; Postfix: SASL", (".mbsyncrc", ".offlineimaprc", ".neomuttrc", "aerc/accounts.conf", "sasl_passwd")),
    ("firebase-tools, Netlify, Doppler, Stripe, Twilio: CLI configuration", ("firebase-tools.json", ".config/netlify/", ".doppler/", ".config/stripe/", ".twilio-cli/")),
    ("Playwright: Authentication; Cypress: Environment variables", ("playwright/.auth/", "storagestate.json", "cypress.env.json")),
    ("curl: HTTP cookies; JetBrains: HTTP client, variables", ("cookies.txt", "http-client.private.env.json")),
    ("Vault: Deploy; MinIO: mc; Erlang: Distributed Erlang", ("cluster-keys.json", ".mc/", ".erlang.cookie")),
    ("GnuPG: agent configuration; keyrings.alt: README; Jupyter: Security", ("private-keys-v1.d/", "keyring_pass.cfg", "jupyter_cookie_secret", "notebook_cookie_secret")),
    ("Geth: Account management; Solana: CLI; LND: Macaroons", ("utc--*", "*-keypair.json", "solana/id.json", "*.macaroon")),
    ("pppd(8); strongSwan: ipsec.secrets; NetworkManager: keyfile", ("chap-secrets", "pap-secrets", "ipsec.secrets", "*.nmconnection")),
    ("WinSCP: Configuration; mRemoteNG: Connections file; Remmina: files", ("winscp.ini", "confcons.xml", "*.remmina")),
    ("CircleCI, Travis CI: CLI; pnpm: auth; Cachix: configuration", (".circleci/cli.yml", ".travis/config.yml", "pnpm/auth.ini", "cachix.dhall")),
    ("Copilot: where credentials are kept; JFrog CLI: configuration", ("github-copilot/hosts.json", "github-copilot/apps.json", ".jfrog/")),
    ("gist, t, s3curl, fog, tower-cli, transifex-client: README", (".gist", ".trc", ".s3curl", ".fog", ".tower_cli.cfg", ".transifexrc")),
    ("hcloud, Scaleway, Civo, Vultr, OVH, SoftLayer: CLI configuration", ("hcloud/cli.toml", ".config/scw/", ".civo.json", ".vultr-cli.yaml", "ovh.conf", ".ovh.conf", ".softlayer")),
    ("AWS IAM: Access keys; Vim: viminfo", ("*_accesskeys.csv", ".viminfo")),
)  # fmt: skip
SECRETS = tuple(pattern for _, patterns in NAMES for pattern in patterns)

# What looks like one of those and is none: samples to fill in, public halves, and programs about credentials.
PROGRAMS = ("py", "js", "mjs", "ts", "tsx", "jsx", "go", "rs", "java", "kt", "rb", "c", "h", "cc", "cpp", "hpp", "cs", "php",
             "swift", "scala", "ex", "md", "rst", "html", "css", "svg", "vue", "svelte")  # fmt: skip
_ABOUT = (
    "credentials",
    ".credentials",
    "deploy_key",
    "deploy-key",
    "age-key",
    "age_key",
    "vault_pass",
    "vault-pass",
    "vault_password",
)
HARMLESS = (
    *(
        ".env.example",
        ".env.sample",
        ".env.template",
        ".env.dist",
        ".secrets.baseline",
        "*.pub",
        "*.example",
        "*.sample",
        "*.template",
        "*.dist",
    ),
    *("*_example", "*-example", "*_sample", "*-sample", "*_template", "*-template"),
    *(f"secrets.{word}.*" for word in ("example", "sample", "template", "schema", "enc")),
    *("*.enc.yaml", "*.enc.yml", "*.enc.json"),
    *("*.example.env", "*.sample.env", "example.env", "sample.env", "template.env"),
    *("example.tfvars", "*.example.tfvars", "*.sample.tfvars", "*.tfvars.example", "*.yml.enc", "*.yaml.enc"),
    *(f"{word}*.{end}" for word in _ABOUT for end in PROGRAMS),
)

KEY = rb"-----BEGIN [A-Z ]*PRIVATE KEY"
PRIVATE_KEY = rb'"private_key"\s*:\s*"-----BEGIN'
# Each shape is in the documentation of whoever gives such tokens out.
TOKENS = (
    rb"gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,}|glpat-[A-Za-z0-9_-]{20}|npm_[A-Za-z0-9]{36}|pypi-AgEI[\w-]{50,}"
    rb"|A[KS]IA[A-Z2-7]{16}|AIza[0-9A-Za-z_-]{35}|xox[abeoprs]-[0-9A-Za-z-]{10,}|sk-(?:ant|proj)-[\w-]{20,}|hf_[A-Za-z]{34}"
    rb"|[sr]k_live_[0-9A-Za-z]{20,}|SG\.[\w-]{22}\.[\w-]{43}|dop_v1_[0-9a-f]{64}|AGE-SECRET-KEY-1[0-9A-Z]{58}"
)
ANY = KEY + b"|" + TOKENS
# Whoever logs in by an address of that shape has the password in it.
LOGIN = rb"://[^/\s:@]+:[^/\s:@]+@"
# These are secrets only with such a thing in them: (source, names, pattern).
_KEYED = ("key", "account", "cred", "secret", "firebase", "google", "gcp", "service", "auth")
CONTENT = (
    ("npm: .npmrc", (".npmrc",), rb"_auth|_password|" + ANY),
    ("Yarn: .yarnrc", (".yarnrc*",), rb"[Aa]uth"),
    ("Google Cloud: service account keys", tuple(f"*{word}*.json" for word in _KEYED), PRIVATE_KEY),
    ("Google Cloud: service account keys, by their short name", ("sa.json", "sa-*.json", "*-sa.json", "*_sa.json"), PRIVATE_KEY),
    ("OpenSSL: certificates with their keys", ("*.crt", "*.cer", "*.cert"), KEY),
    ("Composer: auth.json; Google: token.json", ("auth.json", "token.json"),
     rb'"(?:http-basic|github-oauth|gitlab-token|bearer|refresh_token)"\s*:'),
    ("pip, Conda, Bundler: configuration", ("pip.conf", "pip.ini", ".condarc", ".bundle/config"), LOGIN + b"|" + ANY),
    ("NuGet: nuget.config", ("nuget.config",), rb"(?i)ClearTextPassword|<apikeys>"),
    ("Gradle: gradle.properties", ("gradle.properties", "local.properties"),
     rb"(?im)^[\w.]*(?:password|secret|token|apikey)[\w.]{0,99}[ \t]*=[ \t]*[^\s$]|" + ANY),
    ("WordPress, Joomla, MediaWiki: configuration", ("wp-config.php", "localsettings.php", "configuration.php"),
     rb"""(?i)(?:DB_PASSWORD'\s*,\s*|wgDBpassword\s*=\s*|\$password\s*=\s*)['"][^'"]"""),
    ("Rails, Mongoid: database configuration", ("database.yml", "mongoid.yml"), rb"(?m)^[ \t]*password:[ \t]*['\"]?[^\s<#'\"]"),
    ("WireGuard: wg(8)", ("wg*.conf",), rb"(?m)^[ \t]*PrivateKey[ \t]*="),
    ("dbt: profiles.yml; OpenStack: clouds.yaml", ("profiles.yml", "clouds.yaml", "clouds.yml"),
     rb"(?m)^[ \t]*(?:password|pass|token|private_key|application_credential_secret)[ \t]*:[ \t]*['\"]?[^\s{<#'\"]"),
    ("unixODBC: odbc.ini; wget, curl: .wgetrc, .curlrc", (".odbc.ini", "odbc.ini", ".wgetrc", ".curlrc"),
     rb"(?im)^[ \t]*(?:pwd|password|http_password|ftp_password|proxy_password|-?-?(?:proxy-)?user)(?:[ \t]*[=:]|[ \t])[ \t]*\S"),
    ("Mercurial: hgrc, auth; Jujutsu, Breezy: configuration", ("hgrc", ".hgrc", "*.hgrc", "mercurial.ini", "authentication.conf", "branch.conf"),
     rb"(?m)^[ \t]*[\w.-]*password[ \t]*=[ \t]*\S|" + LOGIN),
    ("Sentry: sentry.properties", ("sentry.properties",), rb"(?m)^[ \t]*auth[./]token[ \t]*=[ \t]*\S"),
    ("Kubernetes: kubeadm, admin.conf", ("admin.conf", "super-admin.conf", "kubelet.conf"), rb"client-key-data|" + ANY),
    ("Redis, Bitcoin Core, wpa_supplicant: configuration", ("redis.conf", "bitcoin.conf", "wpa_supplicant.conf"),
     rb"(?m)^[ \t]*(?:requirepass|masterauth)[ \t]+\S|^[ \t]*(?:rpcpassword|rpcauth|psk|wep_key\d)[ \t]*=[ \t]*\S"),
    ("phpMyAdmin: config.inc.php", ("config.inc.php",), rb"\['(?:password|blowfish_secret)'\]\s*=\s*'[^']"),
    ("RFC 9580: OpenPGP, private key block", ("*.asc", "*.gpg", "*.pgp"), rb"-----BEGIN PGP PRIVATE KEY"),
    ("Tokens in settings", ("*.conf", "*.cfg", "*.ini", "*.properties", ".bashrc", ".bash_profile", ".bash_aliases", ".zshrc",
     ".zshenv", ".zprofile", ".profile", ".gitconfig", ".aider.conf.yml", ".coveralls.yml", "ngrok.yml", "appsettings*.json",
     "local_settings.py", "config.json", "settings.json", "settings.local.json", ".mcp.json", "mcp.json"), ANY + b"|" + LOGIN),
)  # fmt: skip
BY_CONTENT = tuple((name, pattern) for _, names, pattern in CONTENT for name in names)
