import { expect } from 'chai';
import {
  localAddress,
  MAX_SOCKET_PATH_BYTES,
  runDirectoryFor,
  wherryHome,
  type PathInputs,
} from '../../../src/platform/paths.ts';

const linux: PathInputs = { platform: 'linux', env: {}, homeDirectory: '/home/jo', uid: 1000 };

describe('paths', () => {
  it('finds the home: flag before environment before ~/.wherry', () => {
    expect(wherryHome(linux)).to.equal('/home/jo/.wherry');
    expect(wherryHome({ ...linux, env: { WHERRY_HOME: '/srv/w' } })).to.equal('/srv/w');
    expect(wherryHome({ ...linux, env: { WHERRY_HOME: '/srv/w' } }, '/flag')).to.equal('/flag');
    expect(wherryHome({ ...linux, env: { WHERRY_HOME: '' } })).to.equal('/home/jo/.wherry');
  });

  it('keeps sockets in the machine directory while their paths fit', () => {
    const directory = '/home/jo/.wherry/machines/default';
    expect(runDirectoryFor(directory, linux)).to.equal(directory);
  });

  it('moves sockets to a short directory when the path would not fit, multi-byte names counted in bytes', () => {
    const directory = `/home/${'é'.repeat(40)}/.wherry/machines/default`;
    const run = runDirectoryFor(directory, linux);
    expect(run).to.match(/^\/tmp\/wherry-1000\/[0-9a-f]{16}$/);
    expect(runDirectoryFor(directory, { ...linux, env: { XDG_RUNTIME_DIR: '/run/user/1000' } })).to.equal(
      run,
    );
    expect(Buffer.byteLength(`${run}/docker.sock`)).to.be.at.most(MAX_SOCKET_PATH_BYTES);
  });

  it('names pipes on Windows, by machine alone in the default home', () => {
    const windows: PathInputs = { ...linux, platform: 'win32' };
    const where = { machine: 'default', home: '/home/jo/.wherry', runDirectory: 'x' };
    expect(localAddress(where, 'docker.sock', windows)).to.equal('\\\\.\\pipe\\wherry-default');
    expect(localAddress(where, 'agent.sock', windows)).to.equal('\\\\.\\pipe\\wherry-default-agent');
    expect(localAddress({ ...where, home: '/other' }, 'docker.sock', windows)).to.match(
      /^\\\\\.\\pipe\\wherry-[0-9a-f]{8}-default$/,
    );
  });
});
