import { expect } from 'chai';
import { containerConfig, hostConfig } from '../../../../../src/protocol/docker/container-config.ts';
import type { ContainersContext } from '../../../../../src/engine/containers/context.ts';
import { checkLinks, linkedFiles, parseLinks } from '../../../../../src/engine/containers/network/links.ts';
import type { ContainerRecord } from '../../../../../src/engine/containers/model.ts';
import { ContainerEntry, ContainerRegistry } from '../../../../../src/engine/containers/registry.ts';

describe('links', () => {
  const registry = new ContainerRegistry();
  const context = { registry } as unknown as ContainersContext;
  const record = (name: string, more: object = {}): ContainerRecord =>
    ({
      id: name.repeat(32),
      name,
      config: containerConfig.parse({}),
      hostConfig: hostConfig.parse({ NetworkMode: 'bridge' }),
      state: { status: 'created' },
      ...more,
    }) as unknown as ContainerRecord;
  const endpoint = { networkName: 'bridge', ipv4: '172.17.0.5' };
  const running = { status: 'running', sandbox: { endpoints: [endpoint] } };
  registry.add(
    new ContainerEntry(
      record('db', {
        config: containerConfig.parse({
          Hostname: 'dbhost',
          Env: ['PATH=/bin', 'MODE=fast'],
          ExposedPorts: { '6379/tcp': {}, '53/udp': {} },
        }),
        state: running,
      }),
    ),
  );
  registry.add(new ContainerEntry(record('off')));
  const web = (...Links: string[]): ContainerRecord =>
    record('web', { hostConfig: hostConfig.parse({ NetworkMode: 'bridge', Links }) });

  it('are names with or without an alias, and as inspect prints them', () => {
    expect(parseLinks(['db', 'db:database', '/db:/web/database'])).to.deep.equal([
      { name: 'db', alias: 'db' },
      { name: 'db', alias: 'database' },
      { name: 'db', alias: 'database' },
    ]);
    for (const text of ['', ':x', 'a:b:c']) {
      expect(() => parseLinks([text]), text).to.throw(`bad format for links: ${text}`);
    }
  });

  it('give hosts and variables on the default network', () => {
    const { hosts, env } = linkedFiles(context, web('db:my-db'));
    expect(hosts).to.deep.equal(['172.17.0.5\tmy-db dbhost db\n']);
    expect(env).to.deep.equal([
      'MY_DB_PORT=udp://172.17.0.5:53',
      'MY_DB_PORT_53_UDP=udp://172.17.0.5:53',
      'MY_DB_PORT_53_UDP_ADDR=172.17.0.5',
      'MY_DB_PORT_53_UDP_PORT=53',
      'MY_DB_PORT_53_UDP_PROTO=udp',
      'MY_DB_PORT_6379_TCP=tcp://172.17.0.5:6379',
      'MY_DB_PORT_6379_TCP_ADDR=172.17.0.5',
      'MY_DB_PORT_6379_TCP_PORT=6379',
      'MY_DB_PORT_6379_TCP_PROTO=tcp',
      'MY_DB_NAME=/web/my-db',
      'MY_DB_ENV_MODE=fast',
    ]);
    const elsewhere = record('web', { hostConfig: hostConfig.parse({ NetworkMode: 'own', Links: ['db'] }) });
    expect(linkedFiles(context, elsewhere)).to.deep.equal({ hosts: [], env: [] });
  });

  it("are refused in docker's words", () => {
    expect(() => linkedFiles(context, web('off'))).to.throw(
      'Cannot link to a non running container: /off AS /web/off',
    );
    expect(() => checkLinks(context, web('gone').hostConfig)).to.throw(
      'could not get container for gone: No such container: gone',
    );
  });
});
