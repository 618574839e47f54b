"""What is held back for an explicit yes, and what never comes back: one table, and what a name alone cannot tell.

A path is held back when a tool may run it, or be steered by it, though nobody asked for that: git, shells, editors,
agents, package managers, and what builds and tests. Source code that the user runs as such is not: that is what a
review is for. Each pattern matches a whole component at any depth, folded (spelling.py), where `*` is anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from project import spelling

TYPE_CHECKING = False
if TYPE_CHECKING:
    from project.data import Change

EXECUTABLE, LINK = 0o100755, 0o120000
FILES = (0o100644, EXECUTABLE)


@dataclass(frozen=True)
class Rule:
    """A row of the table: what the name is like, what kind of thing it is, and why it is held back."""

    pattern: str
    kind: str
    reason: str


@dataclass(frozen=True)
class Reason:
    """Why one path is held back, or never comes back. `pattern` is empty where no name tells, but content or mode."""

    kind: str
    reason: str
    pattern: str = ""


def _rules(kind: str, reason: str, patterns: str) -> tuple[Rule, ...]:
    return tuple(Rule(pattern, kind, reason) for pattern in patterns.split())


TABLE: tuple[Rule, ...] = (
    *_rules("git", "git runs the filters and merge drivers that it names", ".gitattributes"),
    *_rules("git", "git fetches from the addresses in it", ".gitmodules .lfsconfig"),
    *_rules("git", "git may be told to read it, and runs what it names", ".gitconfig .git-credentials gitconfig"),
    *_rules(
        "hook",
        "git runs it at commits, merges and pushes, where hooks are set up",
        ".husky .huskyrc* .githooks githooks git-hooks .git-hooks lefthook* .lefthook* .pre-commit-config.* "
        ".pre-commit-hooks.* .overcommit.yml .lintstagedrc* .simple-git-hooks.* .captainhook* captainhook.json "
        "grumphp.* pre-commit commit-msg prepare-commit-msg post-commit pre-push post-checkout post-merge pre-rebase "
        "pre-receive post-receive post-rewrite applypatch-msg pre-applypatch post-applypatch pre-merge-commit "
        "fsmonitor-watchman",
    ),
    *_rules(
        "editor",
        "editors run its tasks, tools and language servers, or start a container from it",
        ".vscode .vscode-* *.code-workspace .idea *.iml *.ipr *.iws .run .fleet .zed .vs .nova .theia .helix "
        ".settings .project .classpath *.sublime-project *.sublime-workspace .devcontainer .devcontainer.json "
        ".gitpod.* .replit .vim .nvim .vimrc .gvimrc .nvimrc .exrc .nvim.lua .lvimrc .local.vim*rc .dir-locals* "
        ".emacs* .ycm_extra_conf.py .clangd .kakrc .micro .lite_project* .ipython .jupyter .devfile.* devfile.y*ml",
    ),
    *_rules(
        "shell",
        "shells and version managers run it, or read variables from it, when somebody enters the folder",
        ".envrc .env .env.* *.env .direnv .autoenv* .tool-versions .mise .mise.* mise.toml mise.*.toml .config "
        ".rtx.toml .nvmrc .node-version .python-version .ruby-version .java-version .go-version .sdkmanrc .rvmrc "
        ".asdfrc shell.nix default.nix flake.nix devbox.json devenv.* .bashrc .bash_profile .bash_login .bash_logout "
        ".bash_aliases .profile .zshrc .zshenv .zprofile .zlogin .zlogout .kshrc .cshrc .tcshrc .login .inputrc "
        ".tmux.conf .screenrc .xprofile .xinitrc .xsession .pam_environment",
    ),
    *_rules(
        "tool",
        "a debugger, an interpreter or a client runs it, or takes its settings and keys from it",
        ".gdbinit .lldbinit .pdbrc* .pythonrc* .pythonstartup .irbrc .pryrc .rprofile .renviron .psqlrc .sqliterc "
        ".my.cnf .curlrc .wgetrc .netrc _netrc .ssh .gnupg .aws .docker .kube .azure .terraformrc .ansible.cfg "
        "ansible.cfg .hgrc .hg .svn .bzr .jj .dvc .fossil .local *.desktop autorun.inf desktop.ini *.lnk *.url *.scf",
    ),
    *_rules(
        "agent",
        "coding agents take their settings, tools and instructions from it",
        ".claude .claude.* .claude-* .mcp.json mcp.json .mcp claude.md claude.*.md agent.md agents.md agents.*.md "
        "gemini.md .gemini .geminiignore .codex codex.md .cursor .cursorrules .cursorignore .cursorindexingignore "
        ".aider* copilot-instructions.md .copilot* *.instructions.md *.prompt.md *.chatmode.md *.agent.md .windsurf* "
        ".codeium* .continue .continuerc* .continuerules .cline* .roo .roo* .kilo* .amp .amp.* .goose* .opencode "
        "opencode.json* .junie .kiro .trae .augment* .rules .openhands* .devin .crush* crush.json crush.md qwen.md "
        ".qwen warp.md .warp .tabnine* .amazonq .jules .factory .agents .agent skill.md .skills .zencoder .codebuddy "
        ".cody .sourcegraph .grok .pi .void .plandex* .sweep* sweep.yaml .coderabbit* .greptile* .ai .llm .prompts",
    ),
    *_rules(
        "ci",
        "a build service runs it with its own secrets once it is pushed",
        ".github .gitlab-ci* .gitlab .circleci jenkinsfile* *.jenkinsfile azure-pipelines* .azure-pipelines "
        ".azuredevops .buildkite buildkite.* .drone.* .woodpecker* .travis.* appveyor.* .appveyor.* "
        "bitbucket-pipelines.* .teamcity .semaphore .cirrus.* .forgejo .gitea cloudbuild.* buildspec* .builds "
        ".build.y*ml .zuul* zuul.d codefresh.* .vela.* .tekton .harness .dagger dagger.json .mergify.* renovate.json* "
        ".renovaterc* .dependabot codeowners netlify.toml vercel.json .releaserc* release.config.* .goreleaser.* "
        ".codesandbox .stackblitzrc wercker.* concourse.* screwdriver.* .earthly earthfile skaffold.* tiltfile",
    ),
    *_rules(
        "packages",
        "a package manager runs it, or is told by it what to fetch and run",
        ".npmrc .yarnrc* .yarn .pnpmfile.* .pnp.* pnpm-workspace.* pnpm-lock.* package-lock.* npm-shrinkwrap.* "
        "yarn.lock bun.lock* bunfig.toml deno.json* deno.lock binding.gyp *.gypi node_modules bower.json .bowerrc "
        "lerna.json nx.json turbo.json rush.json gemfile* gems.rb gems.locked *.gemspec .gemrc .bundle composer.json "
        "composer.lock setup.py setup.cfg pyproject.toml pip.conf pip.ini .pypirc pipfile* poetry.* uv.toml uv.lock "
        "pdm.* .pdm* requirements*.txt constraints*.txt *.pth sitecustomize* usercustomize* environment.y*ml .condarc "
        "venv .venv virtualenv site-packages pyvenv.cfg cargo.toml cargo.lock .cargo rust-toolchain* go.mod go.sum "
        "go.work* go.env pubspec.* mix.exs mix.lock podfile* package.swift package.resolved cartfile* *.podspec "
        "nuget.config packages.config directory.build.* directory.packages.* *.csproj *.fsproj *.vbproj *.sln *.props "
        "*.targets global.json *.cabal cabal.project* stack.yaml dub.json conanfile.* vcpkg*.json .mvn pom.xml "
        "*.rockspec opam *.opam deps.edn project.clj shadow-cljs.edn flake.lock brewfile*",
    ),
    *_rules(
        "build",
        "build tools run it, and editors do as soon as they open the project",
        "build.rs makefile makefile.* gnumakefile *.mk cmakelists.txt *.cmake cmakepresets.json cmakeuserpresets.json "
        "meson.build meson_options.txt configure.ac *.gradle *.gradle.kts gradle.properties gradle-wrapper.* gradlew* "
        "mvnw* build.xml build.sbt *.sbt workspace.bazel module.bazel build.bazel *.bzl .bazelrc .bazelversion buck "
        ".buckconfig sconstruct sconscript wscript justfile .justfile taskfile* rakefile *.rake invoke.y*ml fabfile* "
        "dodo.py vagrantfile build.zig build.zig.zon build.ninja *.pro xcodegen.* *.xcodeproj *.xcworkspace "
        "dune-project magefile.go procfile* .pylintrc pylintrc .flake8 mypy.ini .mypy.ini .coveragerc",
    ),
    *_rules(
        "test",
        "test runners run it before they look for a single test",
        "conftest.py pytest.ini .pytest.ini tox.ini noxfile.py .rspec .mocharc* .jasmine.json phpunit.xml* .nycrc*",
    ),
    *_rules(
        "config-code",
        "a settings file that is a program, or names one: editors and tools load it by themselves",
        "*.config.js *.config.cjs *.config.mjs *.config.ts *.config.cts *.config.mts .eslintrc* .prettierrc* "
        ".stylelintrc* .babelrc* .commitlintrc* .postcssrc* .swcrc .czrc gulpfile* gruntfile* .remarkrc* .rubocop.yml "
        ".golangci.* .air.toml nodemon.json .nodemonrc*",
    ),
    *_rules(
        "container",
        "can mount the host's files when it is next started",
        "compose.y*ml compose.*.y*ml docker-compose*.y*ml podman-compose*.y*ml *.container *.service *.socket *.timer",
    ),
    *_rules(
        "unreadable-code",
        "code that is loaded in place of its source, and that no review shows",
        "__pycache__ *.pyc *.pyo *.pyd *.so lib*.so.* *.dylib *.dll *.node *.jar *.class *.exe",
    ),
)

SHORT = Reason("short-name", "on NTFS and FAT it may be another name of any of these files")
RUNS = Reason("executable", "it can be executed, and could not before")
GIT = Reason("git", "git's own folder is never touched")
PARENT = Reason("path", "a path that leaves the project, or that no filesystem keeps")
OURS = Reason("path", "the name under which apply keeps its own staged files")
OTHER = Reason("type", "neither a file nor a symbolic link")


_EXACT = {rule.pattern: rule for rule in TABLE if "*" not in rule.pattern}
_WILD = tuple((rule.pattern.split("*"), rule) for rule in TABLE if rule.pattern not in _EXACT)
# No wildcard pattern matches what neither begins nor ends as one of them: most names are done with here.
_HEADS = tuple(parts[0] for parts, _ in _WILD if parts[0])
_TAILS = tuple(parts[-1] for parts, _ in _WILD if not parts[0])


def _matches(parts: list[str], name: str) -> bool:
    """Whether a name is these parts, with anything between them."""
    head, *middle, tail = parts
    if len(name) < len(head) + len(tail) or not (name.startswith(head) and name.endswith(tail)):
        return False
    at, end = len(head), len(name) - len(tail)
    for part in middle:
        at = name.find(part, at, end)
        if at < 0:
            return False
        at += len(part)
    return True


@lru_cache(maxsize=65536)
def _component(folded: str) -> tuple[Reason, ...]:
    found: dict[str, Reason] = {}
    near = folded.startswith(_HEADS) or folded.endswith(_TAILS)
    rules = [rule for parts, rule in _WILD if near and _matches(parts, folded)]
    for rule in [_EXACT[folded], *rules] if folded in _EXACT else rules:
        found.setdefault(rule.kind, Reason(rule.kind, rule.reason, rule.pattern))
    return (*found.values(), SHORT) if spelling.is_short_name(folded) else tuple(found.values())


def by_name(path: bytes) -> list[Reason]:
    """Why a path is held back for its name alone, one reason a kind."""
    return list({reason.kind: reason for part in spelling.components(path) for reason in _component(part)}.values())


def by_mode(change: Change) -> list[Reason]:
    """Why a change is held back for what it becomes: something to execute that was none before."""
    old, new = change.old, change.new
    return [RUNS] if new is not None and new.mode == EXECUTABLE and (old is None or old.mode != EXECUTABLE) else []


def never(path: bytes, mode: int | None) -> Reason | None:
    """Why a path never comes back, whoever says yes. Where a link leads is a question for links.py."""
    parts = path.split(b"/")
    if not path or path.startswith(b"/") or b"\0" in path or any(part in (b"", b".", b"..") for part in parts):
        return PARENT
    if any(len(part) > 255 for part in parts) or len(path) > 4095:
        return PARENT
    folded = spelling.components(path)
    if any(map(spelling.is_git, folded)):
        return GIT
    if any(part in ("", ".", "..") or ("." in part and not part.strip(". ")) for part in folded):
        return PARENT
    if folded[0].startswith(".gen-apply-"):
        return OURS
    return OTHER if mode is not None and mode not in (*FILES, LINK) else None
