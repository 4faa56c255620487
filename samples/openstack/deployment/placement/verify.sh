#!/bin/sh
# Asks the Placement of this node itself for what its first page does not
# tell: whether it takes a token, and whether it can write.

exec "$NODE_ROOT/opt/placement/current/bin/python" - <<'END'
import configparser
import os
import pathlib
import sys
import uuid

import requests

ACCOUNT = configparser.RawConfigParser(strict=False)
ACCOUNT.read(pathlib.Path(os.environ['NODE_ROOT'],
                          'etc/placement/placement.conf'))
KEYSTONE = ACCOUNT['keystone_authtoken']
LOGIN = {'auth': {
    'identity': {'methods': ['password'], 'password': {'user': {
        'name': KEYSTONE['username'], 'domain': {'id': 'default'},
        'password': KEYSTONE['password']}}},
    'scope': {'project': {'name': KEYSTONE['project_name'],
                          'domain': {'id': 'default'}}}}}
PLACEMENT = f'http://{os.environ["NODE_ADDRESS"]}:18778'


def ask(method, url, status, **more):
    answer = requests.request(method, url, timeout=10, **more)

    if answer.status_code != status:
        print(f'{method} {url} answered {answer.status_code}, not {status}.')
        sys.exit(2)

    return answer


def main():
    token = ask('POST', f'{KEYSTONE["auth_url"]}/auth/tokens', 201,
                json=LOGIN).headers['X-Subject-Token']
    headers = {'X-Auth-Token': token,
               'OpenStack-API-Version': 'placement 1.30'}
    provider = str(uuid.uuid4())
    ask('POST', f'{PLACEMENT}/resource_providers', 200, headers=headers,
        json={'name': f'verify-{provider}', 'uuid': provider})
    ask('DELETE', f'{PLACEMENT}/resource_providers/{provider}', 204,
        headers=headers)


try:
    main()
except requests.RequestException as error:
    print(f'There was no answer: {type(error).__name__}.')
    sys.exit(2)
END
