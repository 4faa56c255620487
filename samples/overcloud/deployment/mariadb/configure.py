#!/usr/bin/env python3
"""Makes a database server of the node, and says who may use it.

Inputs: secrets: WEB_PASSWORD, of the web service; MIGRATION_PASSWORD, of
what changes its tables.
"""

import getpass
import hashlib
import os
import pathlib
import subprocess

ROOT = pathlib.Path(os.environ['NODE_ROOT'])
USER = getpass.getuser()
PLACE = ROOT / 'etc/mariadb'
DATA = ROOT / 'var/lib/mariadb'

# Only who runs the node is its administrator, through a socket of the data
# directory. The sizes are those of a small cloud.
SERVER = f"""\
[mariadbd]
datadir = {DATA}
socket = mariadb.sock
pid-file = mariadb.pid
bind-address = {os.environ['NODE_ADDRESS']}
port = 3306
skip-name-resolve
init-file = {PLACE}/accounts.sql
innodb-buffer-pool-size = 32M
innodb-log-file-size = 8M
"""

SERVICE = f"""\
[program:mariadb]
command=/usr/sbin/mariadbd --defaults-file="{PLACE}/server.cnf" --user={USER}
autorestart=true
stopwaitsecs=50
redirect_stderr=true
stdout_logfile={ROOT}/var/log/mariadb.log
"""

# Run at each start and each reload. A new password of the web service is
# taken beside the one before, which is the first: the service drops that as
# soon as no node of it needs it any more.
ACCOUNTS = """\
CREATE DATABASE IF NOT EXISTS web CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS web IDENTIFIED BY PASSWORD '{web}';
GRANT SELECT, INSERT ON web.* TO web;
SELECT COALESCE(JSON_VALUE(Priv, '$.auth_or[1].authentication_string'), \
JSON_VALUE(Priv, '$.authentication_string')) INTO @known \
FROM mysql.global_priv WHERE User = 'web';
EXECUTE IMMEDIATE IF(@known = '{web}', 'DO 0', CONCAT('ALTER USER web \
IDENTIFIED VIA mysql_native_password USING ''', @known, ''' \
OR mysql_native_password USING ''{web}'''));
CREATE USER IF NOT EXISTS migration IDENTIFIED BY PASSWORD '{migration}';
ALTER USER migration IDENTIFIED BY PASSWORD '{migration}';
GRANT ALL ON web.* TO migration;
"""


def write(path: pathlib.Path, text: str) -> None:
    """Replace a file whole, for our eyes only."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix('.new')
    draft.touch(0o600)
    draft.write_text(text)
    draft.rename(path)


def digest(password: str) -> str:
    """What the server keeps of a password, in its own way."""
    content = password.encode()

    for _ in range(2):
        content = hashlib.sha1(content, usedforsecurity=False).digest()

    return '*' + content.hex().upper()


def make_database() -> None:
    """Make the server's own tables, whole or not at all."""
    draft = DATA.with_suffix('.new')
    subprocess.run(['rm', '-rf', draft], check=True)
    subprocess.run(
        ['mariadb-install-db', f'--defaults-file={PLACE}/server.cnf',
         f'--datadir={draft}', f'--user={USER}', '--skip-test-db',
         '--auth-root-authentication-method=socket',
         f'--auth-root-socket-user={USER}'],
        check=True, stdout=subprocess.DEVNULL)
    draft.rename(DATA)


write(PLACE / 'server.cnf', SERVER)
write(PLACE / 'accounts.sql', ACCOUNTS.format(
    web=digest(os.environ['WEB_PASSWORD']),
    migration=digest(os.environ['MIGRATION_PASSWORD'])))

if not DATA.exists():
    make_database()

# A service is one that can be started.
write(ROOT / 'etc/services.d/mariadb.conf', SERVICE)
