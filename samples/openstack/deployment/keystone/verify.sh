#!/bin/sh
# Asks the Keystone of this node itself what its health URL does not tell: a
# token, its validation, a write, and whether it has the others' keys.
#
# A token that another node issued is opened with the keys of this node, not
# sent to its Keystone, which would find it in the cache that all share.
# The first request of a fresh process is slow; here nobody waits for it.
#
# Inputs: ADDRESSES of all nodes with Keystone.

exec "$NODE_ROOT/opt/keystone/current/bin/python" - <<'END'
import os
import pathlib
import sys
import uuid

from cryptography import fernet
import requests

ETC = pathlib.Path(os.environ['NODE_ROOT'], 'etc/keystone')
HERE = os.environ['NODE_ADDRESS']
USER = {'name': 'admin', 'domain': {'id': 'default'},
        'password': (ETC / 'admin-password').read_text()}
LOGIN = {'auth': {
    'identity': {'methods': ['password'], 'password': {'user': USER}},
    'scope': {'project': {'name': 'admin', 'domain': {'id': 'default'}}}}}


def ask(method, path, status, address=HERE, **more):
    answer = requests.request(
        method, f'http://{address}:15000/v3/{path}', timeout=10, **more)

    if answer.status_code != status:
        print(f'{method} {path} at {address} answered {answer.status_code}, '
              f'not {status}.')
        sys.exit(2)

    return answer


def issue(address):
    return ask('POST', 'auth/tokens', 201, address,
               json=LOGIN).headers['X-Subject-Token']


def main():
    token = issue(HERE)
    headers = {'X-Auth-Token': token}
    ask('GET', 'auth/tokens', 200,
        headers={**headers, 'X-Subject-Token': token})
    # Without a password, nothing would be hashed.
    user = ask('POST', 'users', 201, headers=headers, json={'user': {
        'name': f'verify-{uuid.uuid4()}', 'password': str(uuid.uuid4())}
    }).json()['user']['id']
    ask('DELETE', f'users/{user}', 204, headers=headers)

    keys = fernet.MultiFernet([fernet.Fernet(path.read_text())
                               for path in (ETC / 'fernet-keys').iterdir()])

    for address in os.environ['ADDRESSES'].split():
        try:
            foreign = issue(address)
        except requests.ConnectionError:
            continue  # it does not run, and issues nothing

        try:
            keys.decrypt(foreign + '=' * (-len(foreign) % 4))
        except fernet.InvalidToken:
            print(f'The keys of this node do not open what {address} issues.')
            sys.exit(2)


try:
    main()
except requests.RequestException as error:
    print(f'Keystone gave no answer: {type(error).__name__}.')
    sys.exit(2)
END
