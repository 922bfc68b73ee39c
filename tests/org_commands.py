#!/usr/bin/env python3
"""exray org, exray user and exray test --org as processes: exit codes, messages, files, secrets.

usage: org_commands.py --bin BUILD_DIR [NAME...]
Ends with "N passed, N failed". EXRAY_TIME_FACTOR widens the time bounds.
"""
import json, os, pathlib, pty, resource, select, signal, sqlite3, stat, subprocess, sys, termios, threading, time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import BASE, FACTOR, SECRET, Store, Suite, expect, refused

SCHEMA = pathlib.Path(__file__).resolve().parent.parent / "reports/schema/org-1.schema.json"
suite = Suite(Store)
test = suite.test


# ---- usage and names ----

@test
def usage_errors_are_64_and_name_what_is_wrong(world):
    world.contoso()
    rows = [
        (["org", "frobnicate"], "frobnicate"), (["org", "shwo", "contoso"], "exray org show"), (["user", "lists"], "exray user list"),
        (["org", "add"], "something is missing"), (["org", "add", "x"], "--access-type"), (["org", "show"], "something is missing"),
        (["org", "add", "x", "y", "--access-type", "direct-logon"], "'y' is not an option"),
        (["org", "add", "x", "--access-type", "direct"], "direct-logon"), (["org", "add", "", "--access-type", "direct-logon"], "empty"),
        (["org", "add", "a\tb", "--access-type", "direct-logon"], "control character"),
        (["org", "add", "n" * 201, "--access-type", "direct-logon"], "too long"),
        (["org", "add", "x", "--access-type", "direct-logon", "--domain", "a b"], "--domain"),
        (["org", "add", "x", "--access-type", "direct-logon", "--folder", "inbx"], "'inbox'"),
        (["org", "add", "x", "--access-type", "direct-logon", "--group-kind", "club"], "distribution or security"),
        (["org", "add", "x", "--access-type", "direct-logon", "--notes", "n" * 20000], "too long"),
        (["org", "add", "x", "--password", "y"], "never an option's value"),
        (["org", "set", "contoso"], "nothing is to be changed"), (["org", "set", "contoso", "--notes", "a", "--sample", "3"], "--check"),
        (["org", "set", "contoso", "--password-file", "secret", "--password-stdin"], "exclude"),
        (["org", "remove", "contoso"], "--yes"), (["org", "remove", "contoso", "--no-input"], "--yes"),
        (["org", "rekey", "--to-key-file", "a", "--to-passphrase-file", "b"], "exclude"),
        (["user", "list"], "--org"), (["user", "add", "--org", "contoso"], "something is missing"),
        (["user", "add", "--org", "contoso", "c@contoso.test", "--enabled", "--disabled"], "exclude"),
        (["user", "add", "--org", "contoso", "c@contoso.test", "--access-type", "delegate"], "inherit"),
        (["user", "set", "--org", "contoso", "anna@contoso.test"], "nothing is to be changed"),
        (["org", "list", "--store", ""], "--store"), (["org", "history", "contoso", "--limit", "0"], "--limit"),
        (["test", "service-account", "--org", "contoso", "--account", "a\\b", "--mailbox", "anna@contoso.test"], "--account exclude"),
        (["test", "service-account", "--org", "contoso", "--ews-url", "https://x/", "--mailbox", "anna@contoso.test"], "--ews-url exclude"),
        (["test", "service-account", "--org", "contoso", "--password-file", "secret", "--mailbox", "a@contoso.test"], "--password-file"),
        (["test", "service-account", "--org", "contoso", "--bearer-file", "secret", "--mailbox", "a@contoso.test"], "--bearer-file"),
        (["test", "service-account", "--org", "contoso"], "--mailbox"),
    ]
    for words, needle in rows:
        refused(world, *words, code=64, says=needle)
    expect([one["name"] for one in world.json("org", "list")["organizations"]] == ["contoso"], "a refused command has added something")


@test
def help_is_there_for_every_command(world):
    families = {"org": ["add", "set", "list", "show", "history", "remove", "import", "export", "wand", "rekey"],
                "user": ["add", "set", "list", "show", "remove", "import", "export", "invalidate"]}
    for family, verbs in families.items():
        whole = world.run(family, "--help").stdout
        expect(world.run(family).stdout == whole, f"exray {family} alone is its help")
        expect(f"exray {family} " in world.run("--help").stdout, f"--help names exray {family}")
        for verb in verbs:
            expect(f"exray {family} {verb} " in whole, f"exray {family} --help names {verb}")
            expect("--store" in world.run(family, verb, "--help").stdout, f"exray {family} {verb} --help")
    expect("(default: 60; of a check: 86400)" in world.run("org", "set", "--help").stdout, "the help does not tell the time limits")
    expect(not world.path.exists(), "help has made a store")


@test
def an_unknown_name_is_78_and_the_nearest_is_named(world):
    world.contoso()
    for words, needle in [
        (["org", "show", "contosso"], "did you mean 'contoso'"), (["org", "remove", "fabrikam", "--yes"], "no organisation 'fabrikam'"),
        (["user", "list", "--org", "contosso"], "'contoso'"),
        (["user", "show", "--org", "contoso", "ana@contoso.test"], "did you mean 'anna@contoso.test'"),
        (["user", "remove", "--org", "contoso", "nobody@elsewhere.test"], "no user 'nobody@elsewhere.test'"),
        (["user", "invalidate", "--org", "contoso", "nobody@elsewhere.test"], "no user"),
        (["test", "service-account", "--org", "contosso", "--mailbox", "anna@contoso.test"], "'contoso'"),
    ]:
        refused(world, *words, code=78, says=needle)
    expect(world.json("org", "show", "CONTOSO")["name"] == "contoso", "letter case does not matter")


@test
def what_is_there_already_is_not_added_again(world):
    world.contoso()
    refused(world, "org", "add", "Contoso", "--access-type", "direct-logon", code=78, says=("contoso", "org set"))
    refused(world, "user", "add", "--org", "contoso", "ANNA@contoso.test", code=78, says=("anna@contoso.test", "user set"))


# ---- values ----

@test
def values_are_stored_changed_and_cleared(world):
    world.contoso(words=["--ews-url", "https://mail.contoso.test/EWS/Exchange.asmx", "--folder", "calendar", "--group-kind", "security",
                         "--scope-name", "MyScope", "--notes", "first line\nsecond"])
    org = world.json("org", "show", "contoso")
    expect((org["access_type"], org["domains"], org["account"]) == ("exchange-impersonation", ["contoso.test"], "CONTOSO\\svc-exray"), org)
    expect((org["folder"], org["group_kind"], org["scope_name"], org["notes"]) == ("calendar", "security", "MyScope", "first line\nsecond"), org)
    expect(org["password"]["key_id"] and org["token"] is None and org["users"] == 2, org)
    world.run("org", "set", "contoso", "--ews-url", "", "--folder", "", "--scope-name", "", "--notes", "", "--group-kind", "",
              "--domain", "contoso.test", "--domain", "Sub.CONTOSO.test", "--domain", "contoso.test")
    org = world.json("org", "show", "contoso")
    expect([org[name] for name in ("ews_url", "folder", "scope_name", "notes")] == [None] * 4, org)
    expect((org["group_kind"], org["domains"]) == ("distribution", ["contoso.test", "sub.contoso.test"]), org)
    world.run("org", "set", "contoso", "--domain", "")
    expect(world.json("org", "show", "contoso")["domains"] == [], "an empty domain clears the list")
    world.run("user", "set", "--org", "contoso", "anna@contoso.test", "--access-type", "password", "--user-name", "CONTOSO\\anna",
              "--ews-url", "https://other.contoso.test/EWS/Exchange.asmx", "--disabled")
    user = world.json("user", "show", "--org", "contoso", "anna@contoso.test")
    expect((user["access_type"], user["user_name"], user["enabled"]) == ("password", "CONTOSO\\anna", False), user)
    world.run("user", "set", "--org", "contoso", "anna@contoso.test", "--user-name", "", "--ews-url", "", "--enabled")
    user = world.json("user", "show", "--org", "contoso", "anna@contoso.test")
    expect((user["user_name"], user["ews_url"], user["enabled"]) == (None, None, True), user)


@test
def lint_refuses_what_cannot_work_and_saves_nothing(world):
    world.contoso()
    before = world.json("org", "show", "contoso")
    rows = [
        (["org", "set", "contoso", "--account", "svc"], ("account", "svc")),
        (["org", "set", "contoso", "--ews-url", "mail.contoso.test"], ("ews_url", "mail.contoso.test")),
        (["org", "set", "contoso", "--ews-url", "http://mail.contoso.test/EWS/Exchange.asmx"], ("ews_url", "https")),
        (["org", "set", "contoso", "--ews-url", "https://outlook.office365.com/EWS/Exchange.asmx"], ("ews_url", "OAuth")),
        (["org", "add", "x", "--access-type", "exchange-impersonation", "--account", "svc"], ("account", "svc")),
        (["user", "add", "--org", "contoso", "no address"], ("email", "no address")),
        (["user", "set", "--org", "contoso", "anna@contoso.test", "--ews-url", "https://"], ("ews_url",)),
        (["user", "set", "--org", "contoso", "anna@contoso.test", "--account", "CONTOSO\\other"], ("password", "CONTOSO\\other")),
    ]
    for words, needles in rows:
        refused(world, *words, code=78, says=needles)
    expect(world.json("org", "show", "contoso") == before, "a refused change was saved")
    refused(world, "user", "add", "--org", "contoso", "eve@elsewhere.test", code=78, says=("elsewhere.test", "Autodiscover"))
    world.run("org", "set", "contoso", "--ews-url", "https://mail.contoso.test/EWS/Exchange.asmx")
    done = world.run("user", "add", "--org", "contoso", "eve@elsewhere.test", says="elsewhere.test")
    expect("note:" in done.stderr, "an address outside of the domains is a warning")


@test
def the_access_type_decides_what_can_be_set(world):
    world.contoso()
    world.run("org", "add", "direct", "--access-type", "direct-logon")
    world.run("org", "add", "cloud", "--access-type", "m365-oauth-impersonated", "--no-input", says="token")
    rows = [
        (["org", "set", "direct", "--account", "A\\b"], ("--account", "the users log on as themselves")),
        (["org", "set", "direct", "--password-file", "secret"], ("a password", "the users log on as themselves")),
        (["org", "set", "contoso", "--bearer-file", "secret"], ("--bearer-file", "m365-oauth-impersonated")),
        (["org", "set", "cloud", "--password-file", "secret"], ("a password", "OAuth tokens only")),
        (["user", "add", "--org", "direct", "a@b.test", "--account", "A\\b"], ("--account", "direct logon")),
        (["user", "add", "--org", "direct", "a@b.test", "--access-type", "exchange-impersonation"], "no service account"),
        (["user", "add", "--org", "cloud", "a@b.test", "--access-type", "password"], "only OAuth"),
        (["user", "set", "--org", "contoso", "anna@contoso.test", "--user-name", "anna"], ("--user-name", "Exchange Impersonation")),
    ]
    for words, needles in rows:
        refused(world, *words, code=78, says=needles)
    done = world.run("org", "set", "contoso", "--access-type", "direct-logon", says=("account", "password"))
    org = world.json("org", "show", "contoso")
    expect(org["account"] is None and org["password"] is None, "a direct organisation stores no credentials")
    expect("removed" in done.stderr, "what is removed is told")


@test
def without_a_secret_what_is_missing_is_told(world):
    done = world.run("org", "add", "contoso", "--access-type", "exchange-impersonation", "--no-input",
                     says=("Exchange Impersonation with a password needs it", "exray org set 'contoso' --account LOGON",
                           "exray org set 'contoso' --password-file F"))
    expect(done.stderr.count("note:") == 2, done.stderr)
    world.run("org", "add", "direct", "--access-type", "direct-logon")
    world.run("user", "add", "--org", "direct", "dora@contoso.test", "--no-input",
              says=("direct logon with a password needs it", "exray user set --org 'direct' 'dora@contoso.test' --password-file F"))
    world.run("user", "add", "--org", "contoso", "anna@contoso.test")
    refused(world, "test", "service-account", "--org", "contoso", "--mailbox", "anna@contoso.test", code=78, says="account")
    world.run("org", "set", "contoso", "--account", "CONTOSO\\svc")
    refused(world, "test", "service-account", "--org", "contoso", "--mailbox", "anna@contoso.test", code=78,
            says=("no password is stored", "exray org set contoso --password-file F"))


# ---- secrets ----

@test
def a_secret_is_nowhere_in_the_clear(world):
    world.contoso()
    token = "eyJ0b2tlbi10aGF0LWlzLXNlY3JldA"
    (world.folder / "token").write_text(token)
    world.run("user", "add", "--org", "contoso", "carl@contoso.test", "--access-type", "password", "--password-stdin", stdin=None,
              input=SECRET + "-carl\n")
    world.run("org", "add", "cloud", "--access-type", "m365-oauth-impersonated", "--bearer-file", "token")
    for words in (["org", "list"], ["org", "show", "contoso"], ["org", "history", "contoso"], ["user", "list", "--org", "contoso"],
                  ["user", "show", "--org", "contoso", "carl@contoso.test"]):
        world.run(*words)
        world.run(*words, "--json")
    world.run("org", "export", "contoso", "all.json", "--with-secrets")
    world.run("user", "show", "--org", "contoso", "carl@contoso.test", "--origin")
    for text in (SECRET, token):
        expect(not any(text in said for said in world.said), "a secret was printed")
        for file in world.folder.rglob("*"):
            if file.is_file() and file.name not in ("secret", "token"):
                expect(text.encode() not in file.read_bytes(), f"{file.name} holds a secret in the clear")
    expect(stat.S_IMODE(world.path.stat().st_mode) == 0o600, "mode of the store")
    expect(stat.S_IMODE(world.path.parent.stat().st_mode) == 0o700, "mode of its folder")


def key_files(world):
    return [file for file in world.path.parent.iterdir() if "store.db" != file.name and not file.name.endswith(("-wal", "-shm", ".lock"))]


@test
def a_key_file_is_made_once_and_told_once(world):
    done = world.run("org", "add", "contoso", "--access-type", "exchange-impersonation", "--account", "A\\b", "--password-file", "secret")
    keys = key_files(world)
    expect(len(keys) == 1 and str(keys[0]) in done.stderr, f"{keys}: {done.stderr}")
    expect(stat.S_IMODE(keys[0].stat().st_mode) == 0o600, "mode of the key")
    again = world.run("org", "set", "contoso", "--password-file", "secret")
    expect("key" not in again.stderr and key_files(world) == keys, again.stderr)


@test
def with_a_lost_key_all_else_stays_and_secrets_can_be_entered_again(world):
    world.contoso()
    key_files(world)[0].unlink()
    expect(world.json("org", "show", "contoso")["users"] == 2, "everything else is readable")
    world.run("user", "list", "--org", "contoso")
    world.run("org", "set", "contoso", "--notes", "still here")
    refused(world, "test", "service-account", "--org", "contoso", "--mailbox", "anna@contoso.test", code=78, says="key")
    world.run("org", "set", "contoso", "--password-file", "secret")
    expect(world.json("org", "show", "contoso")["password"]["key_id"], "the secret is stored again")
    network = world.start()
    world.run("test", "service-account", "--org", "contoso", "--mailbox", "anna@contoso.test", *network, code=1, says="logon")


@test
def a_wrong_key_is_told_from_a_damaged_secret(world):
    world.contoso()
    (world.folder / "other.key").write_text(os.urandom(32).hex() + "\n")
    os.chmod(world.folder / "other.key", 0o600)
    words = ["test", "service-account", "--org", "contoso", "--mailbox", "anna@contoso.test"]
    refused(world, *words, "--key-file", "other.key", code=78, says="key")
    refused(world, *words, "--key-file", "nowhere.key", code=78, says="nowhere.key")
    world.settled()
    connection = sqlite3.connect(world.path)
    (blob,) = connection.execute("SELECT bytes FROM secret").fetchone()
    connection.execute("UPDATE secret SET bytes = ?", (blob[:-1] + bytes([blob[-1] ^ 1]),))
    connection.commit()
    connection.close()
    wrong = world.said[-2]
    refused(world, *words, code=78, says=("contoso", "damaged", "exray org set contoso"))
    expect(wrong != world.said[-1], "both are told in the same words")


@test
def rekeying_seals_everything_anew(world):
    world.contoso()
    first = world.json("org", "show", "contoso")["password"]["key_id"]
    world.run("org", "rekey", says="1 secret sealed anew, 0 lost")
    second = world.json("org", "show", "contoso")["password"]["key_id"]
    expect(first != second, "the key is the same")
    (world.folder / "phrase").write_text("correct horse battery staple\n")
    (world.folder / "wrong").write_text("incorrect horse\n")
    world.run("org", "rekey", "--to-passphrase-file", "phrase", says="1 secret sealed anew")
    expect(str(key_files(world)[0]) in world.said[-1] and "not needed any more" in world.said[-1], world.said[-1])
    words = ["test", "service-account", "--org", "contoso", "--mailbox", "anna@contoso.test", "--no-input"]
    refused(world, *words, code=78, says="--passphrase-file")
    never_ask = world.said[-1]
    world.run(*words[:-1], code=78, start_new_session=True)
    expect(world.said[-1] == never_ask, f"with nobody to ask: {world.said[-1]}, with --no-input: {never_ask}")
    refused(world, *words, "--passphrase-file", "wrong", code=78, says="pass")
    refused(world, *words, "--passphrase-file", "nowhere", code=66, says="nowhere")
    network = world.start()
    world.run(*words, *network, "--passphrase-file", "phrase", code=1, says="logon")
    sealed = world.json("org", "show", "contoso")["password"]
    refused(world, "org", "rekey", "--passphrase-file", "wrong", code=78, says="passphrase")
    expect(world.json("org", "show", "contoso")["password"] == sealed, "a wrong passphrase has destroyed a secret")
    world.run("org", "rekey", "--passphrase-file", "phrase", says="1 secret sealed anew")
    refused(world, *words, "--passphrase-file", "phrase", code=78, says="not sealed with a passphrase")


@test
def rekeying_without_the_lost_key_says_what_is_lost(world):
    world.contoso()
    key_files(world)[0].unlink()
    world.run("org", "rekey", says="0 secrets sealed anew, 1 lost")
    expect(world.json("org", "show", "contoso")["password"] is None, "a lost secret is shown as missing")
    expect(world.json("org", "show", "contoso")["users"] == 2, "its record stays")


# ---- on a terminal ----

def on_a_terminal(world, *words):
    """The program on a terminal of its own; returns the process and the terminal, or None where there are none."""
    try:
        child, terminal = pty.fork()
    except OSError as error:  # a bare chroot has no /dev/pts
        print(f"       not tried: {error}")
        return None, None
    if not child:
        os.chdir(world.folder)
        os.execve(str(world.bin / "exray"), world.command(*words), world.environment)
    return child, terminal


def read_until(terminal, needle):
    seen, end = b"", time.monotonic() + 10 * FACTOR
    while needle not in seen and time.monotonic() < end:
        if select.select([terminal], [], [], 0.1)[0]:
            try:
                seen += os.read(terminal, 4096)
            except OSError:
                break
    expect(needle in seen, f"{needle} was not shown, but {seen}")


def exit_code(child):
    end = time.monotonic() + 10 * FACTOR
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError("the program does not end")


@test
def a_missing_password_is_asked_for_without_echo(world):
    words = ["org", "add", "contoso", "--access-type", "exchange-impersonation", "--account", "CONTOSO\\svc"]
    child, terminal = on_a_terminal(world, *words)
    if not child:
        return
    read_until(terminal, b"Password of CONTOSO\\svc: ")
    expect(not termios.tcgetattr(terminal)[3] & termios.ECHO, "the terminal echoes the password")
    os.write(terminal, b"\x03")
    expect(exit_code(child) == 130, "Ctrl-C at the prompt exits 130")
    expect(termios.tcgetattr(terminal)[3] & termios.ECHO, "Ctrl-C leaves the terminal without echo")
    expect(world.json("org", "list")["organizations"] == [], "an interrupted command has added something")
    child, terminal = on_a_terminal(world, *words)
    read_until(terminal, b"Password of")
    os.write(terminal, SECRET.encode() + b"\n")
    read_until(terminal, b"Added")
    expect(exit_code(child) == 0 and world.json("org", "show", "contoso")["password"], "the password was not taken")
    child, terminal = on_a_terminal(world, "org", "set", "contoso", "--password-prompt")
    read_until(terminal, b"Password of CONTOSO\\svc: ")
    os.write(terminal, b"another\n")
    read_until(terminal, b"Changed")
    expect(exit_code(child) == 0, "--password-prompt")


@test
def removing_an_organisation_is_asked_back(world):
    world.contoso()
    for answer, left in ((b"no\n", 1), (b"yes\n", 0)):
        child, terminal = on_a_terminal(world, "org", "remove", "contoso")
        if not child:
            return
        read_until(terminal, b"with 2 users")
        os.write(terminal, answer)
        read_until(terminal, b"emoved")
        expect(exit_code(child) == (64 if left else 0), answer)
        expect(len(world.json("org", "list")["organizations"]) == left, answer)


# ---- users ----

@test
def the_origin_of_each_value_is_shown(world):
    world.contoso(words=["--ews-url", "https://mail.contoso.test/EWS/Exchange.asmx"])
    shown = world.json("user", "show", "--org", "contoso", "anna@contoso.test", "--origin")["effective"]
    expect(shown["account"] == {"value": "CONTOSO\\svc-exray", "from": "organization"}, shown)
    expect(shown["ews_url"]["from"] == "organization" and shown["folder"]["from"] == "default", shown)
    expect(shown["secret"] == {"kind": "password", "from": "organization"} and shown["impersonation"], shown)
    world.run("user", "set", "--org", "contoso", "anna@contoso.test", "--account", "CONTOSO\\own", "--password-file", "secret")
    shown = world.json("user", "show", "--org", "contoso", "anna@contoso.test")["effective"]
    expect((shown["account"]["from"], shown["secret"]["from"]) == ("user", "user"), shown)
    expect(shown["access"]["mode"] == "impersonate-password", shown)
    text = world.run("user", "show", "--org", "contoso", "anna@contoso.test", "--origin").stdout
    expect("CONTOSO\\own (the user's own)" in text and "(the organisation's)" in text, text)


@test
def a_missing_ews_url_is_not_said_to_be_found(world):
    world.run("org", "add", "cloud", "--access-type", "m365-oauth-impersonated", "--bearer-file", "secret")
    world.run("user", "add", "--org", "cloud", "anna@contoso.test", "--access-type", "exchange-impersonation", "--account", "A\\b",
              "--password-file", "secret", says="--ews-url URL")
    words = ["--org", "cloud", "anna@contoso.test"]
    text = world.run("user", "show", *words, "--origin", says=("missing, but required", "The EWS URL is not set")).stdout
    expect("Autodiscover" not in text, text)
    refused(world, "test", "service-account", "--org", "cloud", "--mailbox", "anna@contoso.test", code=78, says="no EWS URL is stored")
    expect(world.json("user", "show", *words)["effective"]["access"]["mode"] == "impersonate-password", world.said[-1])
    world.run("user", "add", "--org", "cloud", "ben@contoso.test")
    text = world.run("user", "show", "--org", "cloud", "ben@contoso.test", "--origin", says="outlook.office365.com").stdout
    expect("missing" not in text, text)


@test
def a_secret_has_one_shape_wherever_it_is_shown(world):
    world.contoso()
    world.run("user", "set", "--org", "contoso", "anna@contoso.test", "--account", "CONTOSO\\own", "--password-file", "secret")
    org, user = world.json("org", "show", "contoso"), world.json("user", "show", "--org", "contoso", "anna@contoso.test")
    expect(user["password"]["key_id"] == org["password"]["key_id"] and user["password"]["since"], user)
    expect(user["token"] is None and org["token"] is None, user)
    listed = {one["email"]: one for one in world.json("user", "list", "--org", "contoso")["users"]}
    expect(listed["anna@contoso.test"]["password"] == {**user["password"], "since": None}, listed)
    expect(listed["ben@contoso.test"]["password"] is None, listed)


@test
def invalidation_is_confirmed_and_an_inherited_secret_is_refused(world):
    world.contoso()
    refused(world, "user", "invalidate", "--org", "contoso", "anna@contoso.test", code=78, says=("contoso", "exray org set contoso"))
    world.run("org", "add", "direct", "--access-type", "direct-logon")
    world.run("user", "add", "--org", "direct", "dora@contoso.test", "--password-file", "secret")
    words = ["--org", "direct", "dora@contoso.test"]
    world.run("user", "invalidate", *words, says=("Successful invalidation", "dora@contoso.test"))
    user = world.json("user", "show", *words)
    expect(user["invalidated"] and not user["password"], user)
    refused(world, "user", "invalidate", *words, code=78, says="nothing to invalidate")
    refused(world, "test", "service-account", "--org", "direct", "--mailbox", "dora@contoso.test", code=78, says="invalidated")
    world.run("user", "set", *words, "--password-file", "secret")
    user = world.json("user", "show", *words)
    expect(not user["invalidated"] and user["password"], user)


@test
def a_users_new_password_forgets_the_result(world):
    world.contoso()
    forge_results(world)
    expect(world.json("user", "show", "--org", "contoso", "anna@contoso.test")["last_result"]["status"] == "error", "forged")
    listed = world.json("user", "list", "--org", "contoso", "--failed")
    expect([one["email"] for one in listed["users"]] == ["anna@contoso.test"], listed)
    world.run("user", "set", "--org", "contoso", "anna@contoso.test", "--account", "CONTOSO\\own", "--password-file", "secret",
              says="exray check contoso --user anna@contoso.test")
    results = {one["email"]: one["last_result"] for one in world.json("user", "list", "--org", "contoso")["users"]}
    expect(results["anna@contoso.test"] is None and results["ben@contoso.test"], results)


def forge_results(world):
    """As if a check had run: anna failed, ben did not."""
    world.settled()
    connection = sqlite3.connect(world.path)
    connection.execute("INSERT INTO check_run (id, org_id, started_ms, state) SELECT 1, id, 1700000000000, 'finished' FROM org")
    for name, status, finding in (("anna", 3, "impersonation.denied"), ("ben", 1, None)):
        connection.execute(
            "INSERT INTO check_user (check_id, user_id, email, lane, status, finding, step, elapsed_us, at_ms, steps)"
            " SELECT 1, id, email, 0, ?, ?, ?, 1000, 1700000000000, 'sssssss' FROM user WHERE email = ?",
            (status, finding, "inbox" if finding else None, f"{name}@contoso.test"))
    connection.commit()
    connection.close()


@test
def renewing_the_organisations_password_forgets_all_results_and_offers_the_check(world):
    world.contoso()
    forge_results(world)
    expect(world.json("org", "show", "contoso")["last_results"]["error"] == 1, "forged")
    world.run("org", "set", "contoso", "--notes", "no reason to forget")
    world.run("org", "set", "contoso", "--domain", "contoso.test", "--notes", "the same domain")
    expect(world.json("org", "show", "contoso")["last_results"]["error"] == 1, "notes have made results stale")
    world.run("org", "set", "contoso", "--password-file", "secret", says="exray check contoso")
    expect(world.json("org", "show", "contoso")["last_results"]["never_checked"] == 2, "stale results stay")


@test
def another_folder_or_domain_makes_all_results_stale(world):
    for words in (["--folder", "calendar"], ["--domain", "contoso.test", "--domain", "other.test"], ["--domain", ""]):
        world.contoso()
        forge_results(world)
        world.run("org", "set", "contoso", *words, says="exray check contoso")
        expect(world.json("org", "show", "contoso")["last_results"]["never_checked"] == 2, f"{words}: stale results stay")
        world.run("org", "remove", "contoso", "--yes")


# ---- import and export ----

@test
def an_import_is_all_or_nothing_and_names_each_line(world):
    world.contoso(words=["--ews-url", "https://mail.contoso.test/EWS/Exchange.asmx"])
    (world.folder / "bad.csv").write_text("email,access_type,ews_url\ncarl@contoso.test,inherit,\nno address,inherit,\n"
                                          "dora@contoso.test,delegate,\ncarl@contoso.test,,\n")
    done = world.run("user", "import", "--org", "contoso", "bad.csv", code=66)
    for line in ("bad.csv:3: email: ", "bad.csv:4: access_type: ", "bad.csv:5: "):
        expect(any(one.startswith(line) for one in done.stderr.splitlines()), f"{line} is not in {done.stderr}")
    expect("nothing was changed" in done.stderr and not done.stdout, done.stdout + done.stderr)
    expect(world.json("org", "show", "contoso")["users"] == 2, "a part of a bad file was taken")
    (world.folder / "good.csv").write_bytes("\ufeffemail;enabled\r\ncarl@contoso.test;true\r\nanna@contoso.test;false\r\n"
                                            "eve@elsewhere.test;\r\nben@contoso.test;true\r\n".encode())
    done = world.run("user", "import", "--org", "contoso", "good.csv", "--dry-run", says="2 added, 1 changed, 1 unchanged")
    expect("good.csv:4: warning: " in done.stderr, done.stderr)
    expect(world.json("org", "show", "contoso")["users"] == 2, "a dry run has changed something")
    world.run("user", "import", "--org", "contoso", "good.csv", says=("4 users: 2 added, 1 changed, 1 unchanged; 1 warning", "exray check"))
    listed = {one["email"]: one for one in world.json("user", "list", "--org", "contoso")["users"]}
    expect(len(listed) == 4 and not listed["anna@contoso.test"]["enabled"], listed)


@test
def input_files_that_cannot_be_read_are_66(world):
    world.contoso()
    for words in (["user", "import", "--org", "contoso", "nowhere.csv"], ["user", "import", "--org", "contoso", "."],
                  ["org", "import", "nowhere.json"], ["org", "set", "contoso", "--password-file", "nowhere.pw"],
                  ["org", "rekey", "--to-passphrase-file", "nowhere.pp"]):
        refused(world, *words, code=66, says=words[-1])
    (world.folder / "broken.json").write_text("{\"schema\": \"exray.org/1\", ")
    refused(world, "org", "import", "broken.json", code=66, says="broken.json")
    (world.folder / "other.json").write_text("{\"schema\": \"something/9\"}")
    refused(world, "org", "import", "other.json", code=66, says="other.json")


@test
def an_organisation_goes_out_and_comes_back_the_same(world):
    world.contoso(words=["--notes", "line\nand \"quotes\" \u00fc", "--ews-url", "https://mail.contoso.test/EWS/Exchange.asmx"])
    world.run("user", "set", "--org", "contoso", "anna@contoso.test", "--account", "CONTOSO\\own", "--password-file", "secret")
    world.run("user", "set", "--org", "contoso", "ben@contoso.test", "--disabled")
    world.run("org", "export", "contoso", "plain.json")
    world.run("org", "export", "contoso", "sealed.json", "--with-secrets")
    expect(stat.S_IMODE((world.folder / "plain.json").stat().st_mode) == 0o600, "mode of an export")
    expect(world.run("org", "export", "contoso").stdout == (world.folder / "plain.json").read_text(), "stdout is the same text")

    def state():
        org, users = world.json("org", "show", "contoso"), world.json("user", "list", "--org", "contoso")["users"]
        moving = ("changed", "changed_by", "last_results", "id", "remarks")
        org["password"] = {"key_id": org["password"]["key_id"]}  # and not since when
        return [{name: value for name, value in one.items() if name not in moving} for one in (org, *users)]

    before = state()
    refused(world, "org", "import", "sealed.json", code=66 if "contoso" in world.said[-1] else 78, says="contoso")
    world.run("org", "remove", "contoso", "--yes", says="2 users")
    world.run("org", "import", "sealed.json", "--dry-run", says="Would add")
    refused(world, "org", "show", "contoso", code=78, says="contoso")
    world.run("org", "import", "sealed.json", says=("contoso", "2 users"))
    expect(state() == before, f"{state()} is not {before}")
    network = world.start()
    world.run("test", "service-account", "--org", "contoso", "--mailbox", "ben@contoso.test", *network, code=1, says="logon")
    world.run("org", "remove", "contoso", "--yes")
    world.run("org", "import", "plain.json")
    expect(world.json("org", "show", "contoso")["password"] is None, "an export without secrets has one")


@test
def users_go_out_as_csv_and_come_back(world):
    world.contoso()
    world.run("user", "set", "--org", "contoso", "ben@contoso.test", "--disabled")
    world.run("user", "export", "--org", "contoso", "users.csv")
    text = (world.folder / "users.csv").read_text()
    expect(text.startswith("email,") and "ben@contoso.test" in text, text)
    world.run("user", "import", "--org", "contoso", "users.csv", says="0 added, 0 changed, 2 unchanged")
    expect(world.run("user", "export", "--org", "contoso").stdout == text, "stdout is the same text")


@test
def exports_are_atomic_and_a_full_disk_is_69(world):
    world.contoso()
    (world.folder / "victim").write_text("untouched")
    (world.folder / "link.json").symlink_to(world.folder / "victim")
    world.run("org", "export", "contoso", "link.json")
    expect((world.folder / "victim").read_text() == "untouched", "a symbolic link was followed")
    refused(world, "org", "export", "contoso", "no/such/folder.json", code=69, says="no/such")
    with open("/dev/full", "w") as full:
        for words in (["org", "export", "contoso"], ["user", "list", "--org", "contoso", "--json"], ["org", "list"]):
            done = world.exray(*words, capture_output=False, stdout=full, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
            expect(done.returncode == 69 and "cannot be written" in done.stderr, f"{words}: {done.returncode} {done.stderr}")


# ---- the store ----

@test
def what_only_reads_makes_no_store(world):
    world.run("org", "list", says=("no organisation", str(world.path)))
    expect(world.json("org", "list")["organizations"] == [], "without a store there is no organisation")
    (world.folder / "empty.db").touch()
    before = set(world.folder.rglob("*"))
    (world.folder / "some.csv").write_text("email\nanna@contoso.test\n")
    for words in (["check", "contoso"], ["org", "show", "contoso"], ["org", "history", "contoso"], ["org", "set", "contoso", "--notes", "x"],
                  ["org", "remove", "contoso", "--yes"], ["org", "export", "contoso"], ["org", "wand", "contoso"], ["org", "rekey"],
                  ["user", "list", "--org", "contoso"], ["user", "add", "--org", "contoso", "a@b.test"],
                  ["user", "import", "--org", "contoso", "some.csv"], ["setup-plan", "contoso"],
                  ["test", "service-account", "--org", "contoso", "--mailbox", "a@b.test"]):
        for name in ("typo.db", "no/such/folder.db", "empty.db"):
            refused(world, *words, "--store", name, code=78, says=(f"there is no store {name} yet", "exray org add"))
        refused(world, *words, code=78, says=f"there is no store {world.path} yet")
    expect(set(world.folder.rglob("*")) == before | {world.folder / "some.csv"}, "a command that reads has made a file")
    expect(not (world.folder / "empty.db").stat().st_size, "an empty file became a store")
    world.run("org", "add", "contoso", "--access-type", "direct-logon", "--store", "my-store.db")
    refused(world, "check", "contoso", "--store", "my-stroe.db", code=78, says="did you mean 'my-store.db'")
    refused(world, "check", "contoso", "--store", "./my-stor.db", code=78, says="did you mean './my-store.db'")


@test
def the_store_has_a_place_of_its_own(world):
    adding = ["org", "add", "direct", "--access-type", "direct-logon"]
    world.run(*adding)
    expect(world.path.exists(), "XDG_STATE_HOME is not used")
    world.run(*adding, env={"XDG_STATE_HOME": "relative"})
    expect((world.folder / ".local/state/exray/store.db").exists(), "~/.local/state is not used")
    bare = {name: value for name, value in world.environment.items() if name not in ("HOME", "XDG_STATE_HOME")}
    done = world.exray("org", "list", env=bare)
    expect(done.returncode == 78 and "--store" in done.stderr, done.stderr)
    world.run("org", "add", "elsewhere", "--access-type", "direct-logon", "--store", "my own.db", says="--store 'my own.db'")
    expect([one["name"] for one in world.json("org", "list")["organizations"]] == ["direct"], "both stores are the same")


@test
def a_store_that_cannot_be_used_is_78_and_named(world):
    (world.folder / "garbage.db").write_bytes(b"garbage " * 1000)
    connection = sqlite3.connect(world.folder / "foreign.db")
    connection.execute("CREATE TABLE recipes (name TEXT)")
    connection.commit()
    connection.close()
    world.contoso()
    world.settled()
    whole = world.path.read_bytes()
    (world.folder / "short.db").write_bytes(whole[: len(whole) // 2])
    newer = world.folder / "newer.db"
    newer.write_bytes(whole)
    connection = sqlite3.connect(newer)
    connection.execute("PRAGMA user_version = 999")
    connection.commit()
    connection.close()
    for name, needle in (("garbage.db", ""), ("foreign.db", "not a store"), ("newer.db", "newer"), (".", "")):
        refused(world, "org", "list", "--store", name, code=78, says=(name, needle))
        refused(world, "test", "service-account", "--org", "contoso", "--mailbox", "a@b.test", "--store", name, code=78, says=name)
    done = world.exray("user", "list", "--org", "contoso", "--store", "short.db")
    expect(done.returncode == 78 and "short.db" in done.stderr, f"{done.returncode}: {done.stderr}")


@test
def a_locked_store_is_75(world):
    world.contoso()
    connection = sqlite3.connect(world.path, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    refused(world, "org", "set", "contoso", "--notes", "x", code=75, says=("store.db", "try again"))
    connection.execute("ROLLBACK")
    connection.close()
    world.run("org", "set", "contoso", "--notes", "x")


@test
def a_store_that_may_not_grow_is_69_and_keeps_the_old_values(world):
    world.contoso()
    world.settled()

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))

    done = world.exray("org", "set", "contoso", "--notes", "n" * 16000, preexec_fn=limit, stdin=subprocess.DEVNULL)
    expect(done.returncode == 69 and "store.db" in done.stderr, f"{done.returncode}: {done.stderr}")
    org = world.json("org", "show", "contoso")
    expect(org["users"] == 2 and org["notes"] is None, "half a save")


@test
def two_programs_add_users_at_the_same_time(world):
    world.contoso()
    failures = []

    def add(name):
        for i in range(10):
            done = world.exray("user", "add", "--org", "contoso", f"{name}{i}@contoso.test", stdin=subprocess.DEVNULL)
            if done.returncode:
                failures.append(done.stderr)

    threads = [threading.Thread(target=add, args=(name,)) for name in ("x", "y")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(not failures, failures[:1])
    expect(world.json("org", "show", "contoso")["users"] == 22, "a user is missing")


@test
def a_stale_save_is_refused_and_names_who_changed_what(world):
    world.contoso()
    process = subprocess.Popen(world.command("org", "set", "contoso", "--notes", "late", "--password-stdin"), text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=world.folder,
                               env=world.environment)
    time.sleep(0.5 * FACTOR)
    world.run("org", "set", "contoso", "--notes", "early")
    out, err = process.communicate(SECRET + "\n", timeout=30 * FACTOR)
    expect(process.returncode == 78 and "notes" in err and "again" in err, f"{process.returncode}: {out}{err}")
    expect(world.json("org", "show", "contoso")["notes"] == "early", "the late save has won")


@test
def every_change_is_in_the_history_without_secrets(world):
    world.contoso()
    world.run("org", "set", "contoso", "--notes", "a note", "--password-file", "secret")
    changes = world.json("org", "history", "contoso")["changes"]
    expect(changes[-1]["field"] == "added" and changes[-1]["what"] == "organization", changes[-1])
    notes = [one for one in changes if one["field"] == "notes"]
    expect(len(notes) == 1 and notes[0]["to"] == "a note" and notes[0]["by"], notes)
    secrets = [one for one in changes if one["field"] == "password"]
    expect(len(secrets) == 2 and {one["to"] for one in secrets} == {"changed"}, secrets)
    expect([one["at"] for one in changes] == sorted((one["at"] for one in changes), reverse=True), "the newest first")
    expect("organisation 'contoso': notes: (not set) -> a note" in world.run("org", "history", "contoso").stdout, world.said[-1])


def import_many(world, n):
    (world.folder / "many.csv").write_text("email\n" + "".join(f"user{i:06}@contoso.test\n" for i in range(n)))
    world.run("user", "import", "--org", "contoso", "many.csv")


@test
def an_import_is_few_lines_of_the_history(world):
    world.contoso()
    time.sleep(1.1)  # what comes within a second of another is told together
    import_many(world, 2000)
    lines = world.run("org", "history", "contoso").stdout.splitlines()
    expect("2000 users, 'user000000@contoso.test' to 'user001999@contoso.test': added" in lines[0], lines[:3])
    expect(len(lines) < 12, f"{len(lines)} lines")
    expect(len(world.json("org", "history", "contoso")["changes"]) > 2000, "JSON has every change")
    expect(len(world.json("org", "history", "contoso", "--limit", "5")["changes"]) == 5, "--limit of JSON")
    for name in ("b", "c", "d"):
        world.run("user", "set", "--org", "contoso", f"user00000{len(name)}@contoso.test", "--ews-url", f"https://{name}.contoso.test/")
    world.run("user", "set", "--org", "contoso", "anna@contoso.test", "--disabled")
    first = world.run("org", "history", "contoso", "--limit", "1")
    expect(len(first.stdout.splitlines()) == 1 and "older changes" in first.stderr and "--limit 10" in first.stderr, first.stderr)
    expect("user 'anna@contoso.test': enabled: true -> false" in first.stdout, first.stdout)
    whole = world.run("org", "history", "contoso", "--limit", "1000")
    expect("older changes" not in whole.stderr, whole.stderr)
    expect("organisation 'contoso': added" in whole.stdout.splitlines()[-1], whole.stdout.splitlines()[-1])


@test
def a_reader_that_has_read_enough_is_no_failure(world):
    world.contoso()
    import_many(world, 20000)
    for words in (["user", "list", "--org", "contoso"], ["user", "list", "--org", "contoso", "--json"], ["org", "history", "contoso", "--json"],
                  ["org", "export", "contoso"], ["user", "export", "--org", "contoso"], ["setup-plan", "contoso", "--format", "ps1"]):
        process = subprocess.Popen(world.command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=world.folder,
                                   env=world.environment)
        expect(process.stdout.readline(), f"{words} says nothing")
        process.stdout.close()
        said = process.stderr.read()
        expect(process.wait(timeout=30 * FACTOR) == 0 and b"written" not in said, f"{words}: {process.returncode}, {said}")


# ---- output ----

@test
def json_follows_its_schema(world):
    import jsonschema

    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(world.json("org", "list"))
    world.contoso()
    forge_results(world)
    world.run("org", "add", "cloud", "--access-type", "m365-oauth-impersonated")
    for words in (["org", "list"], ["org", "show", "contoso"], ["org", "show", "cloud"], ["org", "history", "contoso"],
                  ["user", "list", "--org", "contoso"], ["user", "list", "--org", "cloud"], ["user", "list", "--org", "contoso", "--failed"],
                  ["user", "show", "--org", "contoso", "anna@contoso.test"]):
        validator.validate(world.json(*words))
    for more in ([], ["--with-secrets"]):
        validator.validate(json.loads(world.run("org", "export", "contoso", *more).stdout))
    expect(not validator.is_valid({"schema": "exray.users/1"}), "the schema takes anything")


@test
def no_control_character_reaches_the_terminal(world):
    world.contoso(words=["--notes", "line\nnext"])
    world.settled()
    connection = sqlite3.connect(world.path)
    hostile = "\u001b[2J\u001b]0;owned\u0007 \u202eevil"
    connection.execute("UPDATE org SET notes = ?, account = ?", (hostile, hostile))
    connection.execute("UPDATE user SET account = ?, user_name = ?", (hostile, hostile))
    connection.commit()
    connection.close()
    for words in (["org", "list"], ["org", "show", "contoso"], ["user", "list", "--org", "contoso"], ["org", "history", "contoso"],
                  ["user", "show", "--org", "contoso", "anna@contoso.test", "--origin"]):
        for more in ([], ["--json"]):
            text = world.run(*words, *more).stdout
            bad = [hex(ord(one)) for one in text if (ord(one) < 32 and one != "\n") or 127 <= ord(one) < 160 or one == "\u202e"]
            expect(not bad, f"{words}: {bad[:4]}")


@test
def memory_does_not_grow_with_the_users(world):
    if FACTOR > 1:
        print("       not tried: a sanitizer keeps memory that was freed")
        return
    peaks = []
    world.run("org", "add", "contoso", "--access-type", "direct-logon")
    for n in (1000, 50000):
        (world.folder / "many.csv").write_text("email\n" + "".join(f"user{i:06}@contoso.test\n" for i in range(n)))
        world.run("user", "import", "--org", "contoso", "many.csv")
        with open(world.folder / "out.json", "w") as out:
            process = subprocess.Popen(world.command("user", "list", "--org", "contoso", "--json"), stdout=out, cwd=world.folder,
                                       env=world.environment)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        expect(process.returncode == 0, "the listing failed")
        expect(len(json.loads((world.folder / "out.json").read_text())["users"]) == n, "users are missing")
        peaks.append(usage.ru_maxrss)
    expect(peaks[1] - peaks[0] < 16 * 1024, f"{peaks} KiB")


# ---- wand, test --org ----

URL = "https://mail.contoso.test/EWS/Exchange.asmx"
CLOUD_URL = "https://outlook.office365.com/EWS/Exchange.asmx"
NOWHERE = ["mail.contoso.test A a 127.0.0.2"]
IN_THE_CLOUD = ["contoso.test MX mx 0 contoso-test.mail.protection.outlook.com"]


def to_be_found(world, password="pw", **changes):
    """An organisation without an EWS URL; returns the wand with the way to its servers."""
    network = world.start(**changes)
    world.run("org", "add", "contoso", "--access-type", "exchange-impersonation", "--domain", "contoso.test", "--account",
              "CONTOSO\\svc-exray", "--password-file", password)
    world.run("user", "add", "--org", "contoso", "anna@contoso.test")
    return ["org", "wand", "contoso", *network]


def seen_by_servers(world):
    seen, code, errors = world.simulator.stop()
    world.simulator = None
    expect(code == 0, errors)
    log = world.folder / "requests.log"
    return seen, log.read_bytes() if log.exists() else b""


def stored_url(world, name="contoso"):
    return world.json("org", "show", name)["ews_url"]


@test
def the_wand_gives_the_pattern_and_says_so(world):
    wand = to_be_found(world, dns=NOWHERE)
    done = world.run(*wand)
    expect(done.stdout == f"{URL}\n" and "by the pattern" in done.stderr and "not tested" in done.stderr, done.stdout + done.stderr)
    expect("autodiscover.no-method" in done.stderr, done.stderr)
    expect(stored_url(world) is None, "without --apply nothing is saved")
    world.run(*wand, "--apply", says="though it is a guess")
    expect(stored_url(world) == URL, "--apply saves")
    world.run("org", "add", "bare", "--access-type", "direct-logon")
    refused(world, "org", "wand", "bare", code=78, says="--domain")


HOSTS = json.loads((BASE / "healthy-exchange-se.json").read_text())["hosts"]


def doubted(world, wand, finding):
    """--apply: the pattern is shown, not saved, and what was met instead is told."""
    done = world.run(*wand, "--apply", code=1, says=("nothing was saved", finding, f"exray explain {finding}", "exray org set contoso --ews-url URL"))
    expect(done.stdout == f"{URL}\n" and "by the pattern" in done.stderr and "saved;" not in done.stderr, done.stdout + done.stderr)
    expect(stored_url(world) is None, f"a guess was saved in spite of {finding}")
    expect(not json.loads(world.run(*wand, "--apply", "--json", code=1).stdout)["saved"], "it is said to be saved")
    world.run(*wand, says="by the pattern")


@test
def a_guess_is_not_saved_where_the_address_is_unknown(world):
    users = json.loads((BASE / "healthy-exchange-se.json").read_text())["users"]
    doubted(world, to_be_found(world, users=users[1:], scopes={"mobile-users": []}), "autodiscover.address-not-found")


@test
def a_guess_is_not_saved_where_a_service_names_no_url(world):
    exchange = json.loads((BASE / "healthy-exchange-se.json").read_text())["exchange"]
    doubted(world, to_be_found(world, exchange={**exchange, "autodiscover": {"shape": "no-ews-url"}}), "autodiscover.no-ews-url")


@test
def a_guess_is_not_saved_where_a_stranger_is_named(world):
    leading = {"name": "autodiscover.contoso.test", "address": "127.0.0.3", "serves": [],
               "http_redirect": "https://autodiscover.evil.test/autodiscover/autodiscover.xml"}
    wand = to_be_found(world, dns=[*NOWHERE, "autodiscover.contoso.test A a 127.0.0.3", "autodiscover.evil.test A a 127.0.0.9"],
                       hosts=[{**HOSTS[0], "aliases": []}, leading])
    doubted(world, wand, "autodiscover.redirect-not-allowed")


@test
def a_guess_is_not_saved_where_the_own_host_is_out_of_order(world):
    """The verdict is that no method found anything; what its host met tells more."""
    doubted(world, to_be_found(world, hosts=[{**HOSTS[0], "certificate": {"from_days": -400, "to_days": -3}}, HOSTS[1]]), "tls.expired")


@test
def a_guess_is_not_saved_where_no_name_server_answers(world):
    wand = to_be_found(world, faults=[{"layer": "dns", "at": "*.test ANY", "do": "drop"}])
    doubted(world, [*wand, "--step-timeout", "2"], "dns.timeout")


@test
def a_guess_is_saved_where_a_web_site_has_no_autodiscover(world):
    wand = to_be_found(world, dns=[*NOWHERE, "contoso.test A a 127.0.0.1"])
    world.run(*wand, "--apply", says=("by the pattern", "though it is a guess"))
    expect(stored_url(world) == URL, "a web site that says 404 is a negative answer")


@test
def a_guess_that_is_doubted_is_no_reason_to_complain_when_it_is_stored(world):
    wand = to_be_found(world, hosts=[{**HOSTS[0], "certificate": {"from_days": -400, "to_days": -3}}, HOSTS[1]])
    world.run("org", "set", "contoso", "--ews-url", URL)
    world.run(*wand, "--apply", says="it is stored already")
    other = "https://other.contoso.test/EWS/Exchange.asmx"
    world.run("org", "set", "contoso", "--ews-url", other)
    done = world.run(*wand, "--apply", code=1, says=("nothing was saved", "tls.expired"))
    expect(f"--ews-url {URL}" not in done.stderr and stored_url(world) == other, f"a doubted guess is recommended: {done.stderr}")


@test
def the_wand_asks_autodiscover_and_says_so(world):
    wand = to_be_found(world)
    done = world.run(*wand, says=("by Autodiscover: autodiscover.host gave it", "anna@contoso.test as CONTOSO\\svc-exray"))
    expect(done.stdout == f"{URL}\n" and done.stderr.count("\n") == 1, done.stdout + done.stderr)
    expect(stored_url(world) is None, "without --apply nothing is saved")
    world.run(*wand, "--apply", says="exray check contoso")
    expect(stored_url(world) == URL, "--apply saves")
    seen, _ = seen_by_servers(world)
    expect(seen["credentials_sent_to"] == ["mail.contoso.test"] and seen["logon_failures"] == 0 and not seen["operations"], seen)


@test
def the_wand_is_for_programs_too(world):
    import jsonschema

    wand = to_be_found(world)
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    told = world.json(*wand)
    validator.validate(told)
    expect((told["url"], told["source"], told["mailbox"], told["saved"]) == (URL, "autodiscover", "anna@contoso.test", False), told)
    expect(told["account"] == "CONTOSO\\svc-exray" and told["finding"] is None, told)
    expect(world.json(*wand, "--apply")["saved"], "--apply is not told")
    expect(not world.json(*wand, "--apply")["saved"], "it was stored already")
    world.run("org", "add", "cloud", "--access-type", "m365-oauth-impersonated")
    told = world.json("org", "wand", "cloud")
    validator.validate(told)
    expect((told["source"], told["mailbox"], told["account"]) == ("microsoft-365", None, None), told)


@test
def the_wand_knows_microsoft_365(world):
    wand = to_be_found(world, dns=IN_THE_CLOUD)
    done = world.run(*wand, says=("by Microsoft 365", "no server was asked with a logon"))
    expect(done.stdout == f"{CLOUD_URL}\n", done.stdout)
    refused(world, *wand, "--apply", code=78, says="OAuth")  # as 'org set --ews-url' refuses it under this access type
    expect(stored_url(world) is None, "what cannot work was saved")
    seen, _ = seen_by_servers(world)
    expect(seen["credentials_sent_to"] == [], seen)


@test
def the_wand_sends_nothing_where_the_access_type_tells(world):
    network = world.start()
    world.run("org", "add", "cloud", "--access-type", "m365-oauth-impersonated", "--domain", "contoso.test")
    world.run("user", "add", "--org", "cloud", "anna@contoso.test")
    done = world.run("org", "wand", "cloud", "--apply", *network, says=("by Microsoft 365", "m365-oauth-impersonated", "not tested"))
    expect(done.stdout == f"{CLOUD_URL}\n" and stored_url(world, "cloud") == CLOUD_URL, done.stdout)
    seen, _ = seen_by_servers(world)
    expect(seen["requests"] == 0 and seen["dns_questions"] == [], seen)


@test
def the_wand_never_overwrites(world):
    wand = to_be_found(world)
    other = "https://other.contoso.test/EWS/Exchange.asmx"
    world.run("org", "set", "contoso", "--ews-url", other)
    refused(world, *wand, "--apply", code=78, says=("nothing was saved", other, f"org set contoso --ews-url {URL}"))
    expect(stored_url(world) == other, "it was overwritten")
    done = world.run(*wand, says=("another one is stored", other))
    expect(done.stdout == f"{URL}\n", done.stdout)
    generation = world.json("org", "history", "contoso")["changes"]
    world.run("org", "set", "contoso", "--ews-url", URL.replace("/EWS/", "/ews/"))
    changes = world.json("org", "history", "contoso")["changes"]
    world.run(*wand, "--apply", says="it is stored already")
    expect(len(generation) < len(changes) == len(world.json("org", "history", "contoso")["changes"]), "the same was saved again")


@test
def the_wand_tells_a_refused_password_and_saves_nothing(world):
    wand = to_be_found(world, password="secret")
    done = world.run(*wand, "--apply", code=1, says=("logon.rejected", "nothing was saved"))
    expect(done.stdout == f"{URL}\n" and "by the pattern" in done.stderr, done.stdout + done.stderr)
    expect(stored_url(world) is None, "a guess was saved in spite of a failed logon")
    seen, _ = seen_by_servers(world)
    expect(seen["logon_failures"] == 1, seen)


@test
def the_wand_saves_nothing_when_its_time_is_over(world):
    faults = [{"layer": "wire", "at": {"host": host}, "do": "backlog-full"} for host in ("mail.contoso.test", "contoso.test")]
    wand = to_be_found(world, faults=faults)
    world.run(*wand, "--apply", "--timeout", "1", code=124, says="local.timeout")
    expect(stored_url(world) is None, "a guess was saved though nobody could be asked")


@test
def the_wand_takes_the_first_enabled_user_who_can_log_on(world):
    network = world.start(dns=NOWHERE)
    world.run("org", "add", "direct", "--access-type", "direct-logon", "--domain", "contoso.test")
    wand = ["org", "wand", "direct", *network]
    for name, more in (("anna", ["--password-file", "pw", "--disabled"]), ("ben", []), ("carl", ["--password-file", "pw"]), ("dora", ["--password-file", "pw"])):
        world.run("user", "add", "--org", "direct", f"{name}@contoso.test", *more)
    told = world.json(*wand)
    expect((told["mailbox"], told["account"]) == ("carl@contoso.test", "carl@contoso.test"), told)
    for name in ("carl", "dora"):
        world.run("user", "set", "--org", "direct", f"{name}@contoso.test", "--disabled")
    done = world.run(*wand, says=("nobody logged on", "user show --org direct ben@contoso.test --origin"))
    told = world.json(*wand)
    expect((told["mailbox"], told["account"]) == ("ben@contoso.test", None) and done.stdout == f"{URL}\n", told)


@test
def without_a_user_no_address_leaves(world):
    world.run("org", "add", "contoso", "--access-type", "exchange-impersonation", "--domain", "contoso.test", "--account",
              "CONTOSO\\svc-exray", "--password-file", "pw")
    hosts = json.loads((BASE / "healthy-exchange-se.json").read_text())["hosts"]
    hosts = [{**hosts[0], "serves": ["autodiscover-pox", "autodiscover-v2"]}, *hosts[1:]]
    network = world.start(hosts=hosts)
    done = world.run("org", "wand", "contoso", *network, says=("no enabled user", "exray user add --org contoso ADDR"))
    expect(done.stdout == f"{URL}\n" and "by the pattern" in done.stderr, done.stdout + done.stderr)
    expect(world.json("org", "wand", "contoso", *network)["mailbox"] is None, "a mailbox is named")
    world.run("org", "wand", "contoso", "--apply", *network, says=("autodiscover.not-asked", "though it is a guess"))
    expect(stored_url(world) == URL, "who has no users cannot learn more")
    world.run("org", "set", "contoso", "--ews-url", "")
    seen, log = seen_by_servers(world)
    expect(seen["requests"] > 0 and seen["credentials_sent_to"] == [] and b"postmaster" not in log and b"svc-exray" not in log, seen)
    network = world.start(dns=[*IN_THE_CLOUD, "outlook.office365.com A a 127.0.0.2"])
    done = world.run("org", "wand", "contoso", "--allow-redirect", "outlook.office365.com", *network, says="by Microsoft 365")
    seen, log = seen_by_servers(world)
    expect(done.stdout == f"{CLOUD_URL}\n" and seen["requests"] == 0, f"{done.stdout}: {seen}")


@test
def without_the_key_the_wand_asks_nobody(world):
    wand = to_be_found(world)
    key_files(world)[0].unlink()
    refused(world, *wand, "--apply", code=78, says="key")
    seen, _ = seen_by_servers(world)
    expect(seen["requests"] == 0 and seen["dns_questions"] == [], seen)


@test
def the_wand_asks_no_stranger(world):
    network = world.start()
    world.run("org", "add", "contoso", "--access-type", "exchange-impersonation", "--domain", "contoso.test", "--account",
              "CONTOSO\\svc-exray", "--password-file", "pw")
    world.run("org", "set", "contoso", "--ews-url", URL)  # then the address is no matter of credentials, and may be stored
    world.run("user", "add", "--org", "contoso", "anna@fabrikam.test")
    told = world.json("org", "wand", "contoso", *network)
    expect(told["mailbox"] is None, told)
    seen, _ = seen_by_servers(world)
    expect(not any("fabrikam" in one for one in seen["dns_questions"]), seen)


@test
def a_test_takes_its_values_from_the_store(world):
    network = world.start()
    world.run("org", "add", "contoso", "--access-type", "exchange-impersonation", "--domain", "contoso.test", "--account",
              "CONTOSO\\svc-exray", "--password-file", "pw", "--ews-url", "https://mail.contoso.test/EWS/Exchange.asmx", "--folder", "calendar")
    world.run("user", "add", "--org", "contoso", "anna@contoso.test")
    words = ["test", "service-account", "--org", "contoso", *network, "--json", "-"]
    report = json.loads(world.run(*words, "--mailbox", "anna@contoso.test").stdout)
    expect(report["verdict"]["status"] == "success", report["verdict"])
    target = report["target"]
    expect((target["account"], target["ews_url"], target["folder"]) ==
           ("CONTOSO\\svc-exray", "https://mail.contoso.test/EWS/Exchange.asmx", "calendar"), target)
    expect(target["impersonate"]["id"] == "anna@contoso.test", target)
    done = world.run(*words, "--mailbox", "bob@contoso.test", code=json_exit(world, words, "bob@contoso.test"))
    expect("not in the list" in done.stderr, done.stderr)
    report = json.loads(world.run(*words, "--mailbox", "anna@contoso.test", "--folder", "inbox").stdout)
    expect(report["target"]["folder"] == "inbox", "an option wins over the store")


def json_exit(world, words, mailbox):
    """0 or 1, as the simulated organisation has this mailbox or not."""
    done = world.exray(*words, "--mailbox", mailbox)
    expect(done.returncode in (0, 1), done.stderr)
    return done.returncode


@test
def direct_logon_opens_the_mailbox_as_its_owner(world):
    network = world.start()
    world.run("org", "add", "direct", "--access-type", "direct-logon", "--ews-url", "https://mail.contoso.test/EWS/Exchange.asmx")
    world.run("user", "add", "--org", "direct", "anna@contoso.test", "--user-name", "CONTOSO\\anna", "--password-file", "pw")
    words = ["test", "service-account", "--org", "direct", "--mailbox", "anna@contoso.test", *network, "--json", "report.json"]
    world.exray(*words)
    target = json.loads((world.folder / "report.json").read_text())["target"]
    expect(target["account"] == "CONTOSO\\anna" and target["impersonate"] is None, target)
    refused(world, *words, "--impersonate", "bob@contoso.test", code=64, says="logs on directly")


@test
def check_precedes_save(world):
    network = world.start()
    url = "https://mail.contoso.test/EWS/Exchange.asmx"
    world.run("org", "add", "contoso", "--access-type", "exchange-impersonation", "--domain", "contoso.test", "--account",
              "CONTOSO\\svc-exray", "--password-file", "secret", "--ews-url", url)
    world.run("user", "add", "--org", "contoso", "anna@contoso.test")
    before = world.json("org", "show", "contoso")
    done = world.exray("org", "set", "contoso", "--notes", "new", "--check", *network, stdin=subprocess.DEVNULL)
    expect(done.returncode == 1 and "was not changed" in done.stderr, f"{done.returncode}: {done.stdout}{done.stderr}")
    expect(world.json("org", "show", "contoso")["notes"] == before["notes"], "saved in spite of the check")
    anna = ["user", "show", "--org", "contoso", "anna@contoso.test"]
    expect(world.json(*anna)["last_result"] is None, "a failed check has left a result")
    world.run("org", "set", "contoso", "--password-file", "pw", "--check", *network, says="Changed")
    result = world.json(*anna)["last_result"]
    expect(result and result["status"] == "success", f"the result of the check is not kept: {result}")
    done = world.exray("org", "set", "contoso", "--password-file", "secret", "--check", *network, stdin=subprocess.DEVNULL)
    expect(done.returncode == 1, f"{done.returncode}: {done.stdout}{done.stderr}")
    expect(world.json(*anna)["last_result"] == result, "a failed check has replaced the result of a passed one")
    world.run("org", "set", "contoso", "--password-file", "pw", "--check", "--sample", "1", *network, says="Changed")
    world.run("test", "service-account", "--org", "contoso", "--mailbox", "anna@contoso.test", *network)


@test
def a_new_organisation_gets_its_password_when_the_check_has_passed(world):
    network = world.start()
    world.run("org", "add", "contoso", "--access-type", "exchange-impersonation", "--domain", "contoso.test", "--account",
              "CONTOSO\\svc-exray", "--ews-url", "https://mail.contoso.test/EWS/Exchange.asmx", "--no-input")
    (world.folder / "users.csv").write_text("email\nanna@contoso.test\n")
    world.run("user", "import", "--org", "contoso", "users.csv")
    words = ["org", "set", "contoso", "--check", *network, "--password-file"]
    done = world.exray(*words, "secret", stdin=subprocess.DEVNULL)
    expect(done.returncode == 1 and "was not changed" in done.stderr, f"{done.returncode}: {done.stdout}{done.stderr}")
    expect(world.json("org", "show", "contoso")["password"] is None and not key_files(world), "something was saved")
    done = world.run(*words, "pw", says="Changed")
    expect(str(key_files(world)[0]) in done.stderr, "the new key is not told")
    expect(world.json("org", "show", "contoso")["last_results"]["success"] == 1, "the result of the check is not kept")
    world.run("test", "service-account", "--org", "contoso", "--mailbox", "anna@contoso.test", *network)


if __name__ == "__main__":
    sys.exit(suite.main())
