#!/usr/bin/env python3
"""Makes a database server of the node, and says who may use it.

Inputs: SERVICES, which have a database and an account each; PRIVILEGES, what
they may do there; secrets: WEB_PASSWORD and so on, of each service;
MIGRATION_PASSWORD, of what changes their tables.
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
# Another server of the machine that starts would empty a directory of all.
TEMPORARY = ROOT / 'var/tmp/mariadb'

# Only who runs the node is its administrator, through a socket of the data
# directory. The sizes are those of a small cloud.
SERVER = f"""\
[mariadbd]
datadir = {DATA}
tmpdir = {TEMPORARY}
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

# Both are run at each start and each reload. A new password of a service is
# taken beside the one before, which is the first: the service drops that as
# soon as no node of it needs it any more.
MIGRATION = """\
CREATE USER IF NOT EXISTS migration IDENTIFIED BY PASSWORD '{password}';
ALTER USER migration IDENTIFIED BY PASSWORD '{password}';
"""

ACCOUNT = """\
CREATE DATABASE IF NOT EXISTS {service} CHARACTER SET utf8mb4;
GRANT ALL ON {service}.* TO migration;
CREATE USER IF NOT EXISTS {service} IDENTIFIED BY PASSWORD '{password}';
GRANT {privileges} ON {service}.* TO {service};
SELECT COALESCE(JSON_VALUE(Priv, '$.auth_or[1].authentication_string'), \
JSON_VALUE(Priv, '$.authentication_string')) INTO @known \
FROM mysql.global_priv WHERE User = '{service}';
EXECUTE IMMEDIATE IF(@known = '{password}', 'DO 0', CONCAT('ALTER USER \
{service} IDENTIFIED VIA mysql_native_password USING ''', @known, ''' \
OR mysql_native_password USING ''{password}'''));
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
write(PLACE / 'accounts.sql', ''.join([
    MIGRATION.format(password=digest(os.environ['MIGRATION_PASSWORD'])),
    *(ACCOUNT.format(
        service=service, privileges=os.environ['PRIVILEGES'],
        password=digest(os.environ[f'{service.upper()}_PASSWORD']))
      for service in os.environ['SERVICES'].split())]))

TEMPORARY.mkdir(mode=0o700, parents=True, exist_ok=True)

if not DATA.exists():
    make_database()

# A service is one that can be started.
write(ROOT / 'etc/services.d/mariadb.conf', SERVICE)
