#include "tests/org/store_version1.h"

/* As the first version made it, to the letter. This text never changes. */
const char store_version1[] =
    "PRAGMA journal_mode = WAL; PRAGMA application_id = 1163416153; PRAGMA user_version = 1;"
    "CREATE TABLE setting (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL)"
    " STRICT, WITHOUT ROWID;"

    "CREATE TABLE org (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE,"
    " generation INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE UNIQUE,"
    " domains TEXT NOT NULL, access TEXT NOT NULL, account TEXT, ews_url TEXT, folder TEXT,"
    " group_kind TEXT NOT NULL, scope_name TEXT, notes TEXT, changed_ms INTEGER NOT NULL,"
    " changed_by TEXT NOT NULL) STRICT;"

    "CREATE TABLE user (id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE,"
    " org_id INTEGER NOT NULL REFERENCES org (id) ON DELETE CASCADE,"
    " generation INTEGER NOT NULL, email TEXT NOT NULL COLLATE NOCASE, access TEXT NOT NULL,"
    " user_name TEXT, account TEXT, ews_url TEXT, enabled INTEGER NOT NULL,"
    " invalidated_ms INTEGER NOT NULL, changed_ms INTEGER NOT NULL, changed_by TEXT NOT NULL,"
    " UNIQUE (org_id, email)) STRICT;"

    "CREATE TABLE secret (uid TEXT NOT NULL, kind TEXT NOT NULL, key_id TEXT NOT NULL,"
    " bytes BLOB NOT NULL, org_id INTEGER REFERENCES org (id) ON DELETE CASCADE,"
    " user_id INTEGER REFERENCES user (id) ON DELETE CASCADE, PRIMARY KEY (uid, kind))"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX secret_of_org ON secret (org_id) WHERE org_id IS NOT NULL;"
    "CREATE INDEX secret_of_user ON secret (user_id) WHERE user_id IS NOT NULL;"

    "CREATE TABLE change (id INTEGER PRIMARY KEY AUTOINCREMENT, at_ms INTEGER NOT NULL,"
    " author TEXT NOT NULL, org_uid TEXT NOT NULL, what TEXT NOT NULL,"
    " record_id INTEGER NOT NULL, generation INTEGER NOT NULL, name TEXT NOT NULL,"
    " field TEXT NOT NULL, old TEXT, new TEXT) STRICT;"
    "CREATE INDEX change_of_org ON change (org_uid);"

    "CREATE TABLE check_run (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " org_id INTEGER NOT NULL REFERENCES org (id) ON DELETE CASCADE,"
    " started_ms INTEGER NOT NULL, state TEXT NOT NULL) STRICT;"
    "CREATE INDEX check_run_of_org ON check_run (org_id);"
    "CREATE TABLE check_user ("
    " check_id INTEGER NOT NULL REFERENCES check_run (id) ON DELETE CASCADE,"
    " user_id INTEGER NOT NULL, email TEXT NOT NULL COLLATE NOCASE, lane INTEGER NOT NULL,"
    " status INTEGER, finding TEXT, step TEXT, code TEXT, message TEXT, account TEXT, host TEXT,"
    " primary_smtp_address TEXT, elapsed_us INTEGER, at_ms INTEGER, steps TEXT,"
    " PRIMARY KEY (check_id, email, user_id)) STRICT, WITHOUT ROWID;"
    "CREATE UNIQUE INDEX check_user_of_user ON check_user (user_id, check_id);"
    "CREATE INDEX check_user_pending ON check_user (check_id, lane, email)"
    " WHERE status IS NULL;";

/* Fifty users, a secret, an ended check with one result and a pending row, an audit trail. */
const char store_version1_rows[] =
    "INSERT INTO setting VALUES ('key', 'file');"
    "INSERT INTO org VALUES (1, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 3, 'Contoso',"
    " 'contoso.test fabrikam.test', 'exchange-impersonation', 'CONTOSO\\svc', NULL, 'inbox',"
    " 'distribution', NULL, 'notes', 1790000000000, 'root@old');"
    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)"
    " INSERT INTO user SELECT i, printf('%032x', i), 1, 1, printf('u%06d@contoso.test', i),"
    " 'inherit', NULL, NULL, NULL, 1, 0, 1790000000000, 'root@old' FROM n;"
    "INSERT INTO secret VALUES ('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'password',"
    " '0123456789abcdef', x'010203', 1, NULL);"
    "INSERT INTO change VALUES (1, 1790000000000, 'root@old', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',"
    " 'organization', 1, 1, 'Contoso', 'added', NULL, NULL);"
    "INSERT INTO check_run VALUES (1, 1, 1790000000000, 'ended');"
    "INSERT INTO check_user VALUES (1, 1, 'u000001@contoso.test', 0, 3, 'impersonation.denied',"
    " 'inbox', 'ErrorImpersonateUserDenied', 'denied', 'CONTOSO\\svc', 'mail.contoso.test', NULL,"
    " 1500, 1790000000000, 'sssss' || 'e-');"
    "INSERT INTO check_user (check_id, user_id, email, lane)"
    " VALUES (1, 2, 'u000002@contoso.test', 0);";
