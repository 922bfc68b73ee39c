#!/usr/bin/env python3
"""The walk through FEATURES.md 1.B to 1.E: every row of what the users' documents describe is asserted here by running the
program, or listed with the reason why it is not, or with the test that asserts it.

usage: features_walk.py --bin BUILD_DIR [ROW...]
Reads FEATURES.md in $EXRAY_SHARED (default: ../shared) and fails if it has a row that this table does not have.
Ends with "N passed, N failed".
"""
import json, os, pathlib, re, stat, sys, tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from harness import SECRET, Store, arguments, expect, refused, tell_end, tell_failure

ROWS = {}
URL = "https://mail.contoso.test/EWS/Exchange.asmx"
ANNA = {"logon": "CONTOSO\\anna", "upn": "anna@contoso.test", "password": "Sim-Passw0rd", "mailbox": "anna@contoso.test",
        "may_impersonate": []}


def row(*names):
    def keep(function):
        for name in names:
            assert name not in ROWS, name
            ROWS[name] = function
        return function
    return keep


class Elsewhere:
    """Asserted by other tests of one file, which have to be there and to be run."""

    def __init__(self, file, *tests):
        self.file, self.tests = file, tests

    def check(self):
        for test in self.tests:
            expect(f"@test\ndef {test}(" in (ROOT / self.file).read_text(), f"{self.file} has no test {test}")
        expect(re.search(rf"^ *counted .*{re.escape(self.file)}\b", (ROOT / "run").read_text(), re.MULTILINE), f"./run does not run {self.file}")


class Listed:
    """Not asserted, for this reason."""

    def __init__(self, reason):
        self.reason = reason


# ---- the plans that 1.B speaks of ----

class Plans:
    """Stage I of four organisations, made once."""

    def __init__(self, walk):
        self.walk, self.texts = walk, {}

    def text(self, org, form):
        if not self.texts:
            self.make()
        return self.texts[org, form]

    def make(self):
        run = self.walk.run
        account = ["--account", "CONTOSO\\MasterImpersonation", "--no-input"]
        for name, kind in (("dist", "distribution"), ("sec", "security")):
            run("org", "add", name, "--access-type", "exchange-impersonation", "--domain", "contoso.test", "--group-kind", kind, *account)
        for name in ("cloud", "hybrid"):
            run("org", "add", name, "--access-type", "m365-oauth-impersonated", "--domain", "contoso.test", "--no-input")
        for name in ("dist", "sec", "hybrid", "cloud"):
            for user in ("anna", "ben"):
                run("user", "add", "--org", name, f"{user}@contoso.test")
        run("user", "add", "--org", "hybrid", "carl@contoso.test", "--access-type", "exchange-impersonation", "--ews-url", URL,
            "--account", "CONTOSO\\MasterImpersonation", "--password-file", "secret")
        for name in ("dist", "sec", "hybrid", "cloud"):
            for form in ("ps1", "md"):
                self.texts[name, form] = run("setup-plan", name, "--format", form).stdout.replace("\r\n", "\n")


def plan(walk, org, form, *needles):
    """The plan has each of them; how lines are broken does not matter."""
    text = " ".join(walk.plans.text(org, form).split())
    for needle in needles:
        expect(needle in text, f"the {form} of {org} has no {needle!r}")


def both(walk, org, *needles):
    plan(walk, org, "ps1", *needles)
    plan(walk, org, "md", *needles)


@row("B2")
def credentials_and_list_are_handed_over(walk):
    plan(walk, "dist", "md", "hands over two things", "credentials of the service account", "the list of the users")
    both(walk, "dist", "anna@contoso.test", "ben@contoso.test")


@row("B3")
def three_stages(walk):
    plan(walk, "dist", "md", "## Stage I", "## Stage II", "## Stage III")


@row("B4")
def a_dedicated_mailbox(walk):
    plan(walk, "dist", "md", "dedicated mailbox", "nothing else")


@row("B5")
def the_recommended_name(walk):
    both(walk, "dist", "MasterImpersonation")


@row("B6")
def mailbox_and_licence(walk):
    plan(walk, "dist", "md", "mailbox licence", "E1, E3, E5, Business Basic or Business Standard")


@row("B7")
def no_product_licence(walk):
    plan(walk, "dist", "md", "no extra licence of the application")


@row("B8")
def rooms_need_the_mailbox(walk):
    plan(walk, "dist", "md", "rooms and other resources are not found")


@row("B9")
def two_kinds_of_groups(walk):
    expect(walk.plans.text("dist", "ps1") != walk.plans.text("sec", "ps1"), "--group-kind makes no difference")
    plan(walk, "dist", "md", "istribution group")
    plan(walk, "sec", "md", "ecurity group")


@row("B10")
def names_of_the_distribution_group(walk):
    both(walk, "dist", "RIapplicationGroup", "RIAG")


@row("B11")
def names_of_the_security_group(walk):
    both(walk, "sec", "RIapplicationGroup", "RISG")


@row("B12", "B13")
def the_owner_is_the_account_and_a_member(walk):
    for org in ("dist", "sec"):
        plan(walk, org, "md", "Owner: `MasterImpersonation`", "Add group owners as members")
        plan(walk, org, "ps1", "-GroupOwner $groupOwner", "$groupOwner | Add-PlanMember")


@row("B14")
def all_users_are_members(walk):
    for org in ("dist", "sec"):
        both(walk, org, "anna@contoso.test", "ben@contoso.test")


@row("B15")
def join_rules_of_the_distribution_group(walk):
    plan(walk, "dist", "md", "Only the owners of the group can add members", "Only the owners of the group can remove members")
    plan(walk, "dist", "ps1", "MemberJoinRestriction", "MemberDepartRestriction", "Closed")


@row("B16")
def join_rule_of_the_security_group(walk):
    plan(walk, "sec", "md", "Owner approval is required")
    plan(walk, "sec", "ps1", "MemberJoinRestriction", "ApprovalRequired")


@row("B17", "B27")
def group_and_role_group_are_saved(walk):
    for org in ("dist", "sec"):
        plan(walk, org, "md", "Save the group", "Save the role group")
        plan(walk, org, "ps1", "New-DistributionGroup", "New-RoleGroup")


@row("B18")
def the_path_in_the_admin_center(walk):
    for org in ("dist", "sec"):
        plan(walk, org, "md", "admin.microsoft.com/Adminportal/Home", "**Exchange**", "**recipients** > **groups** > **+**")


@row("B19")
def the_shell_runs_as_administrator(walk):
    plan(walk, "dist", "md", "Exchange Management Shell", "Run as administrator")
    plan(walk, "dist", "ps1", "Run as administrator")


@row("B20")
def the_groups_identity_of_a_distribution_group(walk):
    both(walk, "dist", "$groupidentity = $(Get-DistributionGroup RIAG).Identity.DistinguishedName")


@row("B21")
def the_groups_identity_of_a_security_group(walk):
    both(walk, "sec", "$groupidentity = $(Get-Group RISG).DistinguishedName")


@row("B22")
def the_management_scope(walk):
    for org in ("dist", "sec"):
        both(walk, org, "New-ManagementScope", "RIusersScope", "MemberOfGroup -eq '")


@row("B23")
def the_role_group_has_the_scope(walk):
    plan(walk, "dist", "md", "**permissions**", "new role group", "**Write scope**: `RIusersScope`")
    plan(walk, "dist", "ps1", "CustomRecipientWriteScope = $scopeName")


@row("B24")
def default_scope_means_everybody(walk):
    plan(walk, "dist", "md", "Left at Default", "every user in the organisation")
    plan(walk, "dist", "ps1", "Default")


@row("B25")
def the_role(walk):
    both(walk, "dist", "ApplicationImpersonation")
    both(walk, "sec", "ApplicationImpersonation")


@row("B26")
def the_member_of_the_role_group(walk):
    plan(walk, "dist", "md", "**Members** > **+**: `MasterImpersonation`")
    plan(walk, "dist", "ps1", "Members = $account")


@row("B28")
def on_premises_cloud_and_hybrid(walk):
    plan(walk, "dist", "ps1", "Get-ExchangeServer")
    expect("New-ServicePrincipal" not in walk.plans.text("dist", "ps1"), "the on-premises script has the cloud's commands")
    both(walk, "cloud", "New-ServicePrincipal", "Application EWS.AccessAsApp")
    expect("Get-ExchangeServer" not in walk.plans.text("cloud", "ps1").replace("Get-Command Get-ExchangeServer", ""),
           "the cloud's script has commands of Exchange Server")
    both(walk, "hybrid", "New-ServicePrincipal", "ApplicationImpersonation")
    plan(walk, "hybrid", "md", "Hybrid", "on premises (1 user)", "Exchange Online (2 users)")


@row("B29")
def versions_are_named(walk):
    plan(walk, "dist", "md", "2016", "2019", "admin.microsoft.com")


@row("B30")
def the_documents_mistakes_are_not_repeated(walk):
    for org in ("dist", "sec", "hybrid", "cloud"):
        for form in ("ps1", "md"):
            expect("356" not in walk.plans.text(org, form), "Office 356")
    expect("RIAG" not in walk.plans.text("sec", "md"), "the checklist of a security group speaks of the distribution group")
    expect("RISG" not in walk.plans.text("dist", "md"), "and the other way round")


@row("B31")
def privacy_is_stated(walk):
    plan(walk, "dist", "md", "Privacy", "policy")
    expect("Sent:" in walk.run("test", "--help").stdout, "exray test --help does not say what is sent where")


@row("B32")
def each_admin_step_has_something_to_read(walk):
    plan(walk, "dist", "md", "learn.microsoft.com", "Create user mailboxes", "Assign licenses", "New-ManagementScope")


# ---- the check ----

def simulated(walk, *users, **changes):
    """The simulated Exchange, and the organisation sim with these users; returns the network options."""
    accounts = [ANNA, {"logon": "CONTOSO\\svc-exray", "upn": "svc-exray@contoso.test", "password": "Sim-Passw0rd",
                       "mailbox": "svc-exray@contoso.test", "may_impersonate": ["mobile-users"]}]
    network = walk.network(accounts=accounts, scopes={"mobile-users": ["anna@contoso.test", "boss@contoso.test"]})
    walk.exray("org", "remove", "sim", "--yes")
    walk.run("org", "add", "sim", "--access-type", changes.get("access", "exchange-impersonation"), "--domain", "contoso.test",
             "--ews-url", URL, *changes.get("words", ["--account", "CONTOSO\\svc-exray", "--password-file", "pw"]))
    for user in users:
        walk.run("user", "add", "--org", "sim", user)
    return network


def check(walk, network, *more, code=0):
    walk.run("check", "sim", *network, "--json", "check.json", *more, code=code)
    return {user["email"]: user for user in json.loads((walk.folder / "check.json").read_text())["users"]}


@row("B1", "C10", "C17", "E1", "E2")
def one_account_opens_all_and_no_user_enters_anything(walk):
    network = simulated(walk, "anna@contoso.test", "boss@contoso.test")
    users = walk.json("user", "list", "--org", "sim")["users"]
    expect(not any(user["password"] or user["token"] for user in users), "a user has a secret of their own")
    results = check(walk, network)
    expect({user["status"] for user in results.values()} == {"success"} and len(results) == 2, results)


@row("E3")
def the_check_is_a_monitor(walk):
    network = simulated(walk, "anna@contoso.test", "nobody@contoso.test")
    results = check(walk, network, code=1)
    expect(results["anna@contoso.test"]["status"] == "success" and results["nobody@contoso.test"]["status"] == "error", results)
    report = json.loads((walk.folder / "check.json").read_text())
    expect(report["schema"] == "exray.check/1" and report["causes"], report.keys())


@row("D13")
def one_user_is_checked_too(walk):
    network = simulated(walk, "anna@contoso.test", "nobody@contoso.test")
    results = check(walk, network, "--user", "anna@contoso.test")
    expect(list(results) == ["anna@contoso.test"] and results["anna@contoso.test"]["status"] == "success", results)


@row("C14")
def renewing_the_password(walk):
    network = simulated(walk, "anna@contoso.test", words=["--account", "CONTOSO\\svc-exray", "--password-file", "secret"])
    expect(check(walk, network, code=1)["anna@contoso.test"]["finding"] == "logon.rejected", "the old password is not refused")
    expect(walk.json("org", "show", "sim")["last_results"]["error"] == 1, "the result is not kept")
    walk.run("org", "set", "sim", "--password-file", "pw", says="exray check sim")
    expect(walk.json("org", "show", "sim")["last_results"]["never_checked"] == 1, "the stale result is still shown")
    expect(check(walk, network)["anna@contoso.test"]["status"] == "success", "the new password does not work")


@row("E4")
def with_direct_logon_the_users_renew_their_own_passwords(walk):
    network = simulated(walk, access="direct-logon", words=[])
    walk.run("user", "add", "--org", "sim", "anna@contoso.test", "--user-name", "CONTOSO\\anna", "--password-file", "secret")
    expect(check(walk, network, code=1)["anna@contoso.test"]["finding"] == "logon.rejected", "the old password is not refused")
    walk.run("user", "set", "--org", "sim", "anna@contoso.test", "--password-file", "pw", says="exray check sim --user anna@contoso.test")
    expect(check(walk, network)["anna@contoso.test"]["status"] == "success", "the new password does not work")


# ---- organisations ----

@row("C1", "C12", "C6", "C8", "D1")
def an_organisation_is_picked_and_holds_its_users(walk):
    walk.run("org", "add", "picked", "--access-type", "exchange-impersonation", "--account", "svc@contoso.test", "--ews-url", URL,
             "--password-file", "secret")
    walk.run("user", "add", "--org", "picked", "anna@contoso.test")
    org = walk.json("org", "show", "picked")
    expect((org["account"], org["ews_url"], org["users"]) == ("svc@contoso.test", URL, 1), org)
    expect(any(one["name"] == "picked" for one in walk.json("org", "list")["organizations"]), "org list does not show it")
    expect(walk.json("user", "show", "--org", "picked", "anna@contoso.test")["organization"] == "picked", "the user's page")


@row("C2")
def the_access_types(walk):
    text = walk.run("org", "add", "--help").stdout
    for name in ("direct-logon", "exchange-impersonation", "m365-oauth-impersonated"):
        expect(name in text, f"--help does not name {name}")


@row("C3")
def direct_logon_needs_nothing_else(walk):
    done = walk.run("org", "add", "plain", "--access-type", "direct-logon")
    expect("note:" not in done.stderr and walk.json("org", "show", "plain")["remarks"] == [], "something is said to be missing")


@row("C4", "C7")
def impersonation_has_account_password_url_check_and_save(walk):
    walk.run("org", "add", "full", "--access-type", "exchange-impersonation", "--account", "CONTOSO\\svc", "--password-file", "secret",
             "--ews-url", URL)
    org = walk.json("org", "show", "full")
    expect(org["account"] == "CONTOSO\\svc" and org["ews_url"] == URL and org["password"]["key_id"] and org["remarks"] == [], org)
    expect(SECRET not in json.dumps(org), "the password is shown")
    expect("--check" in walk.run("org", "set", "--help").stdout, "there is no check")


ROWS["C5"] = Listed("the sign-in dialog is 'exray signin', which another issue brings; until then --bearer-file takes a token "
                    "(tests/org_commands.py, a_secret_is_nowhere_in_the_clear)")
ROWS["C9"] = Elsewhere("tests/org_commands.py", "the_wand_asks_autodiscover_and_says_so", "the_wand_knows_microsoft_365",
                       "the_wand_gives_the_pattern_and_says_so", "the_wand_never_overwrites")
ROWS["C11"] = Elsewhere("tests/org_commands.py", "check_precedes_save")


@row("C13")
def only_the_administrator_sees_it(walk):
    walk.run("org", "list")
    expect(stat.S_IMODE(walk.path.stat().st_mode) == 0o600, "others may read the store")
    expect(stat.S_IMODE(walk.path.parent.stat().st_mode) == 0o700, "others may enter its folder")


ROWS["C15"] = Listed("the authorization code flow belongs to 'exray signin', which another issue brings")


@row("C16")
def microsoft_365_takes_no_password(walk):
    refused(walk, "org", "add", "x365", "--access-type", "exchange-impersonation", "--account", "svc@contoso.test", "--ews-url",
            "https://outlook.office365.com/EWS/Exchange.asmx", "--password-file", "secret", code=78, says=("Exchange Online", "OAuth"))
    walk.run("org", "add", "m365", "--access-type", "m365-oauth-impersonated", "--no-input")
    refused(walk, "org", "set", "m365", "--password-file", "secret", code=78, says="OAuth tokens only")
    expect("input.access-type-mismatch" in walk.run("explain").stdout, "the catalogue does not explain it")


ROWS["C18"] = Elsewhere("tests/org_commands.py", "check_precedes_save")


@row("C19")
def where_credentials_are_stored(walk):
    walk.run("org", "add", "own", "--access-type", "direct-logon")
    refused(walk, "org", "set", "own", "--password-file", "secret", code=78, says="the users log on as themselves")
    walk.run("user", "add", "--org", "own", "anna@contoso.test", "--password-file", "secret")
    expect(walk.json("user", "show", "--org", "own", "anna@contoso.test")["effective"]["secret"]["from"] == "user", "their own")
    walk.run("org", "add", "shared", "--access-type", "exchange-impersonation", "--account", "A\\b", "--password-file", "secret")
    walk.run("user", "add", "--org", "shared", "anna@contoso.test")
    walk.run("user", "add", "--org", "shared", "ben@contoso.test")
    for name in ("anna", "ben"):
        shown = walk.json("user", "show", "--org", "shared", f"{name}@contoso.test")["effective"]
        expect(shown["secret"]["from"] == "organization", shown)


# ---- users ----

def user_of(walk, org, access, *more):
    walk.run("org", "add", org, "--access-type", access, "--no-input", *more)
    walk.run("user", "add", "--org", org, "anna@contoso.test", "--no-input")
    return ["--org", org, "anna@contoso.test"]


@row("D2", "E5")
def the_form_depends_on_the_organisations_type(walk):
    direct, impersonated = user_of(walk, "d2", "direct-logon"), user_of(walk, "e5", "exchange-impersonation")
    refused(walk, "user", "set", *direct, "--account", "A\\b", code=78, says="direct logon")
    refused(walk, "user", "set", *impersonated, "--user-name", "A\\b", code=78, says="Exchange Impersonation")
    refused(walk, "org", "set", "d2", "--account", "A\\b", code=78, says="direct-logon")
    expect(walk.json("user", "show", *direct)["effective"]["impersonation"] is False, "inherits direct logon")
    expect(walk.json("user", "show", *impersonated)["effective"]["impersonation"] is True, "inherits impersonation")


@row("D3", "D4", "D5", "D6", "D7", "D10")
def the_fields_of_direct_logon(walk):
    who = user_of(walk, "d3", "direct-logon")
    walk.run("user", "set", *who, "--access-type", "password", "--user-name", "CONTOSO\\anna", "--ews-url", URL, "--password-file", "secret")
    user = walk.json("user", "show", *who)
    expect((user["email"], user["access_type"], user["user_name"], user["ews_url"]) ==
           ("anna@contoso.test", "password", "CONTOSO\\anna", URL) and user["password"], user)
    walk.run("user", "set", *who, "--access-type", "oauth", "--bearer-file", "secret")
    user = walk.json("user", "show", *who)
    expect(user["access_type"] == "oauth" and user["token"] and not user["password"], user)


@row("D8", "D9")
def invalidation_is_confirmed(walk):
    who = user_of(walk, "d8", "direct-logon")
    walk.run("user", "set", *who, "--password-file", "secret")
    walk.run("user", "invalidate", *who, says="Successful invalidation")
    expect(not walk.json("user", "show", *who)["password"], "the password is still stored")
    walk.run("user", "set", *who, "--access-type", "oauth", "--bearer-file", "secret")
    walk.run("user", "invalidate", *who, says=("Successful invalidation", "token"))


@row("D11", "D12", "D15")
def the_overrides_of_impersonation(walk):
    who = user_of(walk, "d11", "exchange-impersonation", "--account", "CONTOSO\\svc")
    walk.run("user", "set", *who, "--access-type", "exchange-impersonation", "--account", "CONTOSO\\own", "--ews-url", URL,
             "--password-file", "secret")
    shown = walk.json("user", "show", *who)["effective"]
    expect([shown[name]["from"] for name in ("access", "account", "ews_url", "secret")] == ["user"] * 4, shown)
    expect(shown["account"]["value"] == "CONTOSO\\own" and shown["impersonation"], shown)


@row("D14")
def invalidation_at_user_level_of_impersonation(walk):
    who = user_of(walk, "d14", "exchange-impersonation", "--account", "CONTOSO\\svc", "--password-file", "secret")
    refused(walk, "user", "invalidate", *who, code=78, says="d14")
    walk.run("user", "set", *who, "--account", "CONTOSO\\own", "--password-file", "secret")
    walk.run("user", "invalidate", *who, says="Successful invalidation")


# ---- the walk ----

class Walk(Store):
    def __init__(self, binaries, folder):
        super().__init__(binaries, folder)
        self.plans = Plans(self)

    def network(self, **changes):
        """One simulator for all rows: they all want the same organisation."""
        if not self.simulator:
            self.options = self.start(**changes)
        return self.options


def rows_of_the_document(path):
    names = re.findall(r"^\| ([BCDE]\d+) \|", path.read_text(), re.MULTILINE)
    expect(names, f"{path} has no rows")
    return names


def compare():
    """1 when FEATURES.md has a row that is not in the table, or the other way round."""
    path = pathlib.Path(os.environ.get("EXRAY_SHARED", ROOT.parent / "shared")) / "FEATURES.md"
    if not path.exists():
        print("       FEATURES.md is not here: not compared")
        return 0
    names = rows_of_the_document(path)
    missing, extra = [name for name in names if name not in ROWS], [name for name in ROWS if name not in names]
    print(f"not ok the table has no {missing} and too many {extra}" if missing or extra else f"ok     all {len(names)} rows are in the table")
    return 1 if missing or extra else 0


def walk_row(walk, name, done):
    entry = ROWS[name]
    if isinstance(entry, Listed):
        print(f"listed {name}: {entry.reason}")
        return
    if isinstance(entry, Elsewhere):
        entry.check()
        print(f"listed {name}: {entry.file}, {', '.join(entry.tests)}")
        return
    if entry not in done:
        try:
            entry(walk)
            done[entry] = None
        except Exception as error:
            done[entry] = error
    if done[entry]:
        raise done[entry]
    print(f"ok     {name}: {entry.__name__}", flush=True)


def main():
    options = arguments()
    done, passed, failed = {}, 0, 0 if options.only else compare()
    order = sorted(ROWS, key=lambda name: (name[0], int(name[1:])))
    with tempfile.TemporaryDirectory(prefix="exray-walk-") as folder:
        walk = Walk(options.bin, pathlib.Path(folder))
        try:
            for name in (one for one in order if not options.only or one in options.only):
                try:
                    walk_row(walk, name, done)
                    passed += not isinstance(ROWS[name], Listed)
                except Exception as error:
                    failed += 1
                    tell_failure(name, error)
        finally:
            walk.done()
    return tell_end(passed, failed)


if __name__ == "__main__":
    sys.exit(main())
