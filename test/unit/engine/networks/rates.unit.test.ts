import { expect } from 'chai';
import { planNetworks } from '../../../../src/engine/containers/network/wanted-networks.ts';
import { parseRate, ratesOf } from '../../../../src/engine/networks/rates/parse-rate.ts';
import { networkingConfig } from '../../../../src/protocol/docker/container-config.ts';

describe('network rates', () => {
  it('are bits a second, or bytes where it says B/s', () => {
    const rates: [string, number][] = [
      ['10mbit', 1_250_000],
      ['10Mbit/s', 1_250_000],
      ['8kbit', 1000],
      ['1.5 gbit', 187_500_000],
      ['8Kibit', 1024],
      ['1MB/s', 1_000_000],
      ['512kB/s', 512_000],
      ['2MiB/s', 2 * 2 ** 20],
      ['1000B/s', 1000],
    ];
    for (const [text, bytes] of rates) expect(parseRate(text), text).to.equal(bytes);
    for (const text of ['', '10', '10m', '1mb', '1mbps', '-1mbit', '1kbit', '9999gbit', 'fast', '1e3mbit']) {
      expect(() => parseRate(text), text).to.throw(/^invalid network rate ".*": bits a second like 10mbit/);
    }
  });

  it("are read from an endpoint's options", () => {
    expect(ratesOf({})).to.equal(undefined);
    expect(ratesOf({ 'dev.wherry.net-rate-in': '8kbit' })).to.deep.equal({ in: 1000 });
    expect(ratesOf({ 'dev.wherry.net-rate-in': '', 'dev.wherry.net-rate-out': '16kbit' })).to.deep.equal({
      out: 2000,
    });
    expect(ratesOf({ 'dev.wherry.net-rate-in': '' })).to.equal(undefined);
    expect(() => ratesOf({ 'com.example.colour': 'red' })).to.throw(
      /com.example.colour .* is not implemented yet/,
    );
  });

  it('need an interface of the container’s own', () => {
    const rates = { DriverOpts: { 'dev.wherry.net-rate-in': '1mbit' } };
    const plan = (mode: string) =>
      planNetworks(
        { lookup: () => undefined },
        { MacAddress: '', NetworkDisabled: false },
        { NetworkMode: mode },
        networkingConfig.parse({ EndpointsConfig: { [mode]: rates } }),
      );
    for (const mode of ['host', 'none', 'container:other']) {
      expect(() => plan(mode), mode).to.throw(/network interface of its own/);
    }
    expect(plan('bridge')['bridge']?.DriverOpts).to.deep.equal(rates.DriverOpts);
  });
});
