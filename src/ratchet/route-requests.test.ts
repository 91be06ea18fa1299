/** Runs the table of requests, whose authors did not know the router, against it. */
import { expect, test } from 'vitest';
import { routeRequest } from './route-request.ts';
import { routeCases } from './route-requests.cases.ts';

test('the table has at least 40 requests, no two of them the same request in the same state', () => {
  expect(routeCases.length).toBeGreaterThanOrEqual(40);
  expect(new Set(routeCases.map(({ request, state }) => JSON.stringify([request, state]))).size).toBe(
    routeCases.length,
  );
});

test.each(routeCases)('$request', ({ request, state, expected, why }) => {
  const routed = routeRequest(request, state);
  expect(routed.route, `${why}; the router says: ${routed.reason}`).toEqual(expected);
});
