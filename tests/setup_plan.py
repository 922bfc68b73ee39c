#!/usr/bin/env python3
"""exray setup-plan as a process: that hostile values stay inside of quotes, every row of the seeds' stage I, exit codes, files.

usage: setup_plan.py --bin BUILD_DIR [NAME...]
Ends with "N passed, N failed". EXRAY_TIME_FACTOR widens the time bounds.
"""
import json, os, pathlib, re, shlex, stat, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from harness import Store, Suite, expect

URL = "https://mail.contoso.test/EWS/Exchange.asmx"
suite = Suite(Store)
test = suite.test


# ---- PowerShell, as far as the scripts go ----

SINGLE = "'\u2018\u2019\u201a\u201b"
DOUBLE = '"\u201c\u201d\u201e'
PAIRS = {")": "(", "]": "[", "}": "{"}


class Script:
    """Tells what is inside of single quotes from what is run. skeleton: the script with its literals emptied."""

    def __init__(self, text):
        self.text, self.at, self.literals, self.comments, self.open, out = text, 0, [], [], [], []
        while self.at < len(text):
            out.append(self.token())
        expect(not self.open, f"not closed: {self.open}")
        self.skeleton = "".join(out)

    def token(self):
        c = self.text[self.at]
        expect(not (c == "@" and self.text[self.at + 1] in SINGLE + DOUBLE), "a here-string")
        if c == "#" and (self.at == 0 or self.text[self.at - 1] in " \n\ufeff"):
            return self.comment()
        if c in SINGLE:
            return self.single()
        if c in DOUBLE:
            return self.double()
        self.at += 1
        if c == "`":
            self.at += 1
            return c + self.text[self.at - 1]
        if c in "([{":
            self.open.append(c)
        elif c in PAIRS:
            expect(self.open and self.open.pop() == PAIRS[c], f"closes what is not open: {self.text[:self.at][-80:]!r}")
        return c

    def comment(self):
        end = self.text.index("\n", self.at)
        self.comments.append(self.text[self.at:end])
        self.at = end
        return self.comments[-1]

    def single(self):
        value, at = "", self.at + 1
        while True:
            expect(at < len(self.text), "a literal is not closed")
            c, after = self.text[at], self.text[at + 1:at + 2]
            if c in SINGLE and (not after or after not in SINGLE):
                break
            at += 2 if c in SINGLE else 1
            value += after if c in SINGLE else c
        self.at = at + 1
        self.literals.append(value)
        return "''"

    def double(self):
        start = self.at
        self.at += 1
        while self.text[self.at] not in DOUBLE:
            expect(self.text[self.at:self.at + 2] != "$(", "a subexpression inside of double quotes")
            self.at += 2 if self.text[self.at] == "`" else 1
        self.at += 1
        return self.text[start:self.at]


NASTY = ["O'Neil; Remove-Mailbox *; '", "\u2018 ; x \u2019; \u201a \u201b", "$(Remove-Item x) $env:USERNAME", "back`tick`n", "-WhatIf:$false",
         "#comment", "@'", '"quoted"', "}) | Out-Null; ({", "d\u00d1j\u00d2vu", "{{account}}", "''", "%s%n{0}"]
MAILS = ["o'neil@contoso.test", "$x@contoso.test", "`tick`@contoso.test", "{a}@contoso.test", "#a@contoso.test", "-dash@contoso.test",
         "'';exit;''@contoso.test", "\"a b;c\"@contoso.test", "\u00d1u\u2019s@contoso.test", "a|b&c@contoso.test", "{{scope}}@contoso.test"]


def organisation(world, name, scope, account, mails, kind="distribution", store="plan.db"):
    at = ["--store", store]
    world.run("org", "add", *at, "--access-type", "exchange-impersonation", "--domain", "contoso.test", "--account", account,
              "--password-file", "secret", "--ews-url", URL, "--group-kind", kind, "--scope-name", scope, "--", name)
    users = world.folder / "users.json"
    users.write_text(json.dumps([{"email": mail} for mail in mails]))
    world.run("user", "import", *at, "--org", name, users)
    return ["setup-plan", *at, "--format", "ps1", "--", name]


def accepted(world, words):
    """Addresses that the store takes; the others never get as far as a script."""
    good = []
    world.run("org", "add", "probe", "--access-type", "direct-logon", "--domain", "contoso.test")
    for mail in words:
        done = world.exray("user", "add", "--org", "probe", "--", mail, stdin=subprocess.DEVNULL)
        good += [mail] if done.returncode == 0 else []
    return good


@test
def hostile_values_stay_inside_of_single_quotes(world):
    mails = accepted(world, MAILS)
    expect(len(mails) >= 7, f"only {mails}")
    plain = Script(world.run(*organisation(world, "plain", "scope", "CONTOSO\\svc", [f"u{i}@contoso.test" for i in range(len(mails))],
                                           store="plain.db")).stdout)
    seen = 0
    for number, nasty in enumerate(NASTY):
        folder = world.folder / f"{number} {nasty.replace('/', '')}"
        folder.mkdir()
        store = f"{folder.name}/s.db"
        account = "CONTOSO\\" + nasty.replace("*", "").replace("\\", "").replace("@", "").replace('"', "")
        scope = nasty.replace("*", "")
        done = world.exray("org", "add", "--store", store, "--access-type", "exchange-impersonation", "--domain", "contoso.test",
                           "--account", account, "--password-file", "secret", "--ews-url", URL, "--scope-name", scope, "--", nasty,
                           stdin=subprocess.DEVNULL)
        if done.returncode:  # refused at the door, with a reason
            expect(done.returncode in (64, 78) and done.stderr, f"{nasty}: {done}")
            continue
        users = world.folder / "users.json"
        users.write_text(json.dumps([{"email": mail} for mail in mails]))
        world.run("user", "import", "--store", store, "--org", nasty, users)
        text = world.run("setup-plan", "--store", store, "--format", "ps1", "--", nasty).stdout
        script = Script(text)
        expect(script.skeleton == plain.skeleton, f"{nasty!r} changes what the script does:\n{difference(plain.skeleton, script.skeleton)}")
        for value in (nasty, account, scope, *mails):
            expect(value in script.literals, f"{value!r} does not come back from {script.literals}")
        check = next(literal for literal in script.literals if literal.startswith("exray check "))
        dashes = ["--"] if nasty.startswith("-") else []
        expect(shlex.split(check) == ["exray", "check", "--store", store, *dashes, nasty], check)
        seen += 1
    expect(seen >= 8, f"only {seen} organisations were taken")


def difference(a, b):
    return next((f"{x!r}\n{y!r}" for x, y in zip(a.splitlines(), b.splitlines()) if x != y), "another length")


@test
def the_test_tells_an_injection(world):
    """What the test above rests on: a value that closes its quotes would be seen."""
    good, bad = Script("$a = 'x'\n"), Script("$a = 'x'; Remove-Item y; ''\n")
    expect(good.skeleton != bad.skeleton, "not told apart")
    expect(Script("$a = 'x\u2019; y'\n" + "'").literals != ["x\u2019; y"], "a typographic quote closes the text")
    for broken in ("@'\nx\n'@\n", "if (1) { \n", "\"$(x)\"\n"):
        try:
            Script(broken)
        except AssertionError:
            continue
        raise AssertionError(f"taken: {broken!r}")


ROWS = [  # FEATURES.md 1.B: which text of the script, and which of the checklist shows it
    ("B2", None, "hands over two things"),
    ("B3", None, "## Stage II"), ("B3", None, "## Stage III"),
    ("B4", "a dedicated mailbox, used for impersonation and for nothing else", "It is a dedicated mailbox"),
    ("B5", "MasterImpersonation", "`MasterImpersonation`"),
    ("B6", "E1, E3, E5, Business Basic or Business", "E1, E3, E5, Business Basic or Business Standard"),
    ("B7", "no extra licence of the application", "no extra licence of the application"),
    ("B8", "rooms and other resources are not found", "rooms and other resources are not found"),
    ("B12", "ManagedBy = $GroupOwner", "Owner: "),
    ("B13", "CopyOwnerToMember = $true", "Add group owners as members"),
    ("B14", "'anna@contoso.test'", "anna@contoso.test"),
    ("B17", None, "Save the group"),
    ("B18", None, "admin.microsoft.com/Adminportal/Home"), ("B18", None, "**recipients** > **groups** > **+**"),
    ("B19", "Administrator", "Run as administrator"),
    ("B22", "MemberOfGroup -eq '$groupidentity'", "MemberOfGroup -eq '$groupidentity'"), ("B22", "RIusersScope", "-Name:'RIusersScope'"),
    ("B23", "CustomRecipientWriteScope = $scopeName", "**permissions**"), ("B23", None, "**Write scope**: `RIusersScope`"),
    ("B24", "Left at Default", "Left at Default"),
    ("B25", "Roles = 'ApplicationImpersonation'", "`ApplicationImpersonation`"),
    ("B26", "Members = $account", "**Members** > **+**"), ("B27", None, "Save the role group"),
    ("B29", None, "2016, 2019"), ("B31", None, "**Privacy.**"), ("B32", None, "Open the Exchange Management Shell"),
    ("verification", "-GetEffectiveUsers", "-GetEffectiveUsers"), ("verification", "-RecipientPreviewFilter", "-RecipientPreviewFilter"),
    ("verification", "exray check", "exray check"), ("roll-back", "Remove-ManagementScope", "Remove-ManagementScope"),
]
KINDS = {
    "distribution": [
        ("B10", "RIapplicationGroup", "Display name `RIapplicationGroup`, alias `RIAG`"), ("B9", "Type = 'Distribution'", "Distribution group"),
        ("B15", "MemberJoinRestriction = 'Closed'", "**Closed**. Only the owners of the group can add members."),
        ("B15", "MemberDepartRestriction = 'Closed'", "**Closed**. Only the owners of the group can remove members."),
        ("B20", "$groupidentity = $(Get-DistributionGroup RIAG).Identity.DistinguishedName",
         "$groupidentity = $(Get-DistributionGroup RIAG).Identity.DistinguishedName")],
    "security": [
        ("B11", "'RISG'", "Display name `RIapplicationGroup`, alias `RISG`"), ("B9", "Type = 'Security'", "Security group"),
        ("B16", "MemberJoinRestriction = 'ApprovalRequired'", "**Owner approval is required**"),
        ("B21", "$groupidentity = $(Get-Group RISG).DistinguishedName", "$groupidentity = $(Get-Group RISG).DistinguishedName")],
}


@test
def every_row_of_stage_one_is_there(world):
    for kind, rows in KINDS.items():
        words = organisation(world, kind, "RIusersScope", "CONTOSO\\MasterImpersonation", ["anna@contoso.test"], kind=kind)
        script = world.run(*words).stdout
        page = world.run(*[word if word != "ps1" else "md" for word in words]).stdout
        for row, in_script, on_page in ROWS + rows:
            expect(in_script is None or in_script in script, f"{row} ({kind}): {in_script!r} is not in the script")
            expect(on_page in page, f"{row} ({kind}): {on_page!r} is not on the page")
        expect("Office 356" not in page and "user identified" not in page, "B30: a slip of the seeds")
        expect(page.count("- [ ]") > 20, "no checklist")
        steps = [page.index(part) for part in ("### 1.", "### 2.", "### 3.", "### 4.", "## Stage II:", "## Stage III:", "## Roll-back")]
        expect(steps == sorted(steps), "the stages are not in order")


@test
def the_roll_back_is_in_reverse_order(world):
    script = world.run(*organisation(world, "contoso", "s", "CONTOSO\\svc", ["anna@contoso.test"])).stdout
    undo = script[script.index("function Undo-OnPremises"):]
    order = [undo.index(part) for part in ("Remove-RoleGroup", "Remove-ManagementScope", "Remove-DistributionGroup")]
    expect(order == sorted(order), "not in reverse order")


def hybrid(world):
    world.run("org", "add", "hy", "--access-type", "m365-oauth-impersonated", "--domain", "contoso.test")
    (world.folder / "hy.csv").write_text(
        "email,access_type,account,ews_url\ncloud@contoso.test,,,\n" f"ground@contoso.test,exchange-impersonation,CONTOSO\\svc,{URL}\n")
    world.run("user", "import", "--org", "hy", "hy.csv")


@test
def hybrid_has_a_part_for_each_side(world):
    hybrid(world)
    script = world.run("setup-plan", "hy", "--format", "ps1").stdout
    Script(script)
    ground, cloud = script.split("# ---- Exchange Online")
    for needle in ("ApplicationImpersonation", "Get-OnPremisesMember {\n    'ground@contoso.test'\n}", "[ValidateSet('OnPremises', 'Online')]"):
        expect(needle in ground, needle)
    for needle in ("New-ServicePrincipal -AppId $AppId -ObjectId $ObjectId", "-Role 'Application EWS.AccessAsApp' -CustomResourceScope $scopeName",
                   "Test-ServicePrincipalAuthorization", "Connect-ExchangeOnline", "Get-OnlineMember {\n    'cloud@contoso.test'\n}",
                   "1 April 2027"):
        expect(needle in cloud, needle)
    expect("Role ApplicationImpersonation" not in cloud and "RIAGOnline" in cloud and "RIAGOnline" not in ground, "the sides are mixed")
    page = world.run("setup-plan", "hy").stdout
    expect("## Stage I: on premises (1 user)" in page and "## Stage I: Exchange Online (1 user)" in page, "a side is missing")


@test
def under_microsoft_365_the_access_type_wins_over_the_host(world):
    """A URL of one's own host says nothing of where the mailbox is; a service account with a password does."""
    world.run("org", "add", "hy", "--access-type", "m365-oauth-impersonated", "--domain", "contoso.test", "--ews-url", URL)
    (world.folder / "hy.csv").write_text(
        "email,access_type,account,ews_url\ncloud@contoso.test,,,\n" f"ground@contoso.test,exchange-impersonation,CONTOSO\\svc,{URL}\n")
    world.run("user", "import", "--org", "hy", "hy.csv")
    page = world.run("setup-plan", "hy").stdout
    expect("## Stage I: on premises (1 user)" in page and "## Stage I: Exchange Online (1 user)" in page, page[:2000])
    world.run("user", "remove", "--org", "hy", "ground@contoso.test")
    script = world.run("setup-plan", "hy", "--format", "ps1").stdout
    expect("New-ServicePrincipal" in script and "Install-OnPremises" not in script, "all users are online")


@test
def microsoft_365_alone_has_no_impersonation_role(world):
    world.run("org", "add", "cloud", "--access-type", "m365-oauth-impersonated", "--domain", "contoso.test")
    script = world.run("setup-plan", "cloud", "--format", "ps1").stdout
    expect("Install-OnPremises" not in script and "New-RoleGroup" not in script, "a part for servers")
    expect("[string] $Part = 'Online'" in script, "the part is asked for")


def report(world, organization, users):
    (world.folder / "report.json").write_text(json.dumps({"schema": "exray.check/1", "organization": organization, "users": users}))


@test
def the_fix_is_grouped_and_quoted(world):
    mails = accepted(world, MAILS)
    organisation(world, "con'toso", "s", "CONTOSO\\svc", mails)
    report(world, "con'toso", [{"email": mail, "status": "error", "finding": finding, "facts": {}}
                               for finding in ("impersonation.denied", "mailbox.not-found") for mail in mails])
    words = ["setup-plan", "con'toso", "--store", "plan.db", "--fix", "report.json"]
    page = world.run(*words).stdout
    expect(page.count("\n## impersonation.denied") == 1 and page.count("$addresses = @(") == 1, "not grouped")
    live = Script(re.search(r"```powershell\n(\$addresses.*?)```", page, re.S)[1])
    expect(sorted(live.literals) == sorted([*mails, "RIAG"]), f"{live.literals}")
    removed = [shlex.split(line) for line in page.splitlines() if line.startswith("exray user remove")]
    expect(sorted(words[-1] for words in removed) == sorted(mails), f"{removed}")
    expect(all(words[3:7] == ["--store", "plan.db", "--org", "con'toso"] for words in removed), f"{removed}")
    script = Script(world.run(*words, "--format", "ps1").stdout)
    expect(set(mails) < set(script.literals), f"{script.literals}")
    expect("user remove" not in script.skeleton.replace("\n".join(script.comments), "") or
           all("user remove" not in line or line.startswith("#") for line in script.skeleton.splitlines()), "a command of exray is run")


@test
def the_fixes_for_the_list_work_as_printed(world):
    """The printed lines are run by a shell: the alias becomes the primary address, with what was set for the user."""
    world.contoso()
    world.run("user", "set", "--org", "contoso", "anna@contoso.test", "--ews-url", URL)
    report(world, "contoso", [{"email": "anna@contoso.test", "status": "warning", "finding": "address.alias",
                               "facts": {"primary_smtp_address": "an'na.new@contoso.test"}},
                              {"email": "ben@contoso.test", "status": "error", "finding": "mailbox.not-found", "facts": {}}])
    page = world.run("setup-plan", "contoso", "--fix", "report.json").stdout
    lines = [line for line in page.splitlines() if line.startswith("exray user ")]
    subprocess.run(["sh", "-ec", "\n".join(lines)], check=True, capture_output=True, cwd=world.folder, stdin=subprocess.DEVNULL,
                   env={**world.environment, "PATH": f"{world.bin}:{os.environ['PATH']}"})
    users = world.json("user", "list", "--org", "contoso")["users"]
    expect([(user["email"], user["ews_url"]) for user in users] == [("an'na.new@contoso.test", URL)], f"{users}")


@test
def errors_name_the_cause_and_have_their_codes(world):
    world.run("setup-plan", code=64, says="name of one organisation")
    world.run("setup-plan", "a", "b", code=64)
    world.run("setup-plan", "contoso", code=78, says="there is no store")
    world.contoso()
    world.run("setup-plan", "contosso", code=78, says="did you mean 'contoso'")
    world.run("setup-plan", "contoso", "--format", "xml", code=64, says="ps1 or md")
    world.run("setup-plan", "contoso", "--fix", "nothing.json", code=66, says=("nothing.json", "No such file"))
    (world.folder / "bad.json").write_text('{"schema":"exray.check/1","organization":"contoso","users":[{"email":"a"},]}')
    world.run("setup-plan", "contoso", "--fix", "bad.json", code=66, says=("bad.json", "comma"))
    (world.folder / "deep.json").write_text('{"schema":"exray.check/1","organization":"contoso","users":[' + '{"a":' * 50000)
    world.run("setup-plan", "contoso", "--fix", "deep.json", code=66, says="deep.json")
    (world.folder / "nul.json").write_bytes(b'{"schema":"exray.check/1","organization":"contoso","users":[{"email":"a\0b"}]}')
    world.run("setup-plan", "contoso", "--fix", "nul.json", code=66, says="NUL")
    world.run("setup-plan", "contoso", "--fix", "/dev/zero", code=66, says="/dev/zero")
    with open("/dev/full", "w") as full:
        done = world.exray("setup-plan", "contoso", capture_output=False, stdout=full, stderr=subprocess.PIPE)
    expect(done.returncode == 69 and "No space" in done.stderr, f"{done}")


@test
def the_file_is_replaced_whole_or_not_at_all(world):
    world.contoso()
    world.run("setup-plan", "contoso", "--format", "ps1", "--output", "plan.ps1")
    path = world.folder / "plan.ps1"
    expect(stat.S_IMODE(path.stat().st_mode) == 0o600 and path.read_bytes().startswith(b"\xef\xbb\xbf#Requires"), "mode or mark")
    before = path.read_bytes()
    world.run("setup-plan", "contoso", "--output", "plan.ps1", "--fix", "nothing.json", code=66)
    expect(path.read_bytes() == before and not list(world.folder.glob("plan.ps1.*")), "the old file is gone, or a half one stays")


# A process inherits the peak of the one that it was forked from; so a small one stands between.
MEASURE = """import os, sys
pid = os.fork()
if not pid:
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.execv(sys.argv[1], sys.argv[1:])
_, status, usage = os.wait4(pid, 0)
print(status, usage.ru_maxrss)"""


def peak_kib(world, *words):
    done = subprocess.run([sys.executable, "-S", "-E", "-c", MEASURE, *world.command(*words)], capture_output=True, text=True,
                          env=world.environment, cwd=world.folder)
    status, peak = map(int, done.stdout.split())
    expect(status == 0, f"{words}: status {status}: {done.stderr}")
    return peak


@test
def memory_does_not_grow_with_the_users(world):
    peaks = {}
    for many in (1000, 50000):
        name = f"org{many}"
        organisation(world, name, "s", "CONTOSO\\svc", [f"u{i:06}@contoso.test" for i in range(many)])
        report(world, name, [{"email": f"u{i:06}@contoso.test", "status": "error", "finding": "impersonation.denied",
                              "facts": {"primary_smtp_address": f"u{i:06}@contoso.test"}} for i in range(many)])
        peaks[many] = [peak_kib(world, "setup-plan", name, "--store", "plan.db", *words)
                       for words in (["--format", "ps1"], ["--format", "md"], ["--fix", "report.json"])]
    if b"__asan_init" in (world.bin / "exray").read_bytes():
        return
    for small, large, limit in zip(peaks[1000], peaks[50000], (8, 8, 24)):
        expect(large - small < limit * 1024, f"{peaks}: more than {limit} MiB")


if __name__ == "__main__":
    sys.exit(suite.main())
