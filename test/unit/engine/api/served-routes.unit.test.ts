import { expect } from 'chai';
import { containerRoutes } from '../../../../src/engine/api/containers/routes.ts';
import { execRoutes } from '../../../../src/engine/api/exec/routes.ts';
import { imageRoutes } from '../../../../src/engine/api/images/routes.ts';
import { MOBY_ROUTES } from '../../../../src/engine/api/moby-routes.ts';
import { membershipRoutes } from '../../../../src/engine/api/networks/membership.ts';
import { networkRoutes } from '../../../../src/engine/api/networks/routes.ts';
import { Router } from '../../../../src/engine/api/router.ts';
import { systemRoutes } from '../../../../src/engine/api/system/routes.ts';
import { volumeRoutes } from '../../../../src/engine/api/volumes/routes.ts';
import { EngineError } from '../../../../src/engine/errors.ts';

/** What the first engine has to serve. */
const PROMISED = [
  'HEAD /_ping',
  'GET /_ping',
  'GET /version',
  'GET /info',
  'GET /events',
  'POST /images/create',
  'GET /images/json',
  'GET /images/{name...}/json',
  'POST /images/load',
  'DELETE /images/{name...}',
  'POST /containers/create',
  'GET /containers/json',
  'GET /containers/{id}/json',
  'POST /containers/{id}/start',
  'POST /containers/{id}/attach',
  'POST /containers/{id}/wait',
  'GET /containers/{id}/logs',
  'POST /containers/{id}/stop',
  'POST /containers/{id}/kill',
  'POST /containers/{id}/resize',
  'POST /containers/{id}/exec',
  'DELETE /containers/{id}',
  'POST /exec/{id}/start',
  'POST /exec/{id}/resize',
  'GET /exec/{id}/json',
];

/** What no other engine has. */
const OWN = ['GET /containers/{id}/explain'];

describe('the routes that the engine serves', () => {
  const nothing = {} as never;
  const routes = [
    ...systemRoutes(nothing),
    ...imageRoutes(nothing),
    ...containerRoutes(nothing),
    ...execRoutes(nothing),
    ...networkRoutes(nothing),
    ...membershipRoutes(nothing),
    ...volumeRoutes(nothing),
  ];
  const served = routes.map(({ method, path }) => `${method} ${path}`);

  it("are all moby's but for our own, and the promised ones are among them", () => {
    expect([...MOBY_ROUTES, ...OWN]).to.include.members(served);
    expect(served).to.include.members(PROMISED);
  });

  it("are matched by themselves; every other of moby's answers 501 by name", () => {
    const router = new Router(routes);
    for (const line of MOBY_ROUTES) {
      const [method = '', path = ''] = line.split(' ');
      const url = path.replaceAll(/\{[^}]+\}/g, 'x1');
      let outcome: string;
      try {
        const { route } = router.match(method, `/v1.51${url}`);
        outcome = `${route.method} ${route.path}`;
      } catch (error) {
        if (!(error instanceof EngineError)) throw error;
        outcome = `${error.kind}: ${error.message}`;
      }
      const refusal = `notImplemented: ${method} ${url} is not implemented by Wherry yet`;
      expect(outcome, line).to.equal(served.includes(line) ? line : refusal);
    }
  });
});
