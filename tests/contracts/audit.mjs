// Prints one line of JSON for each check of the GraphQL over HTTP audit suite: its id, name, status and reason.
// node audit.mjs URL [TOKEN]
import { auditServer } from 'graphql-http';

const [, , url, token] = process.argv;
const shown = token === undefined ? {} : { authorization: `Bearer ${token}` };
const fetchFn = (address, { headers, ...options } = {}) => fetch(address, { ...options, headers: { ...headers, ...shown } });

for (const { id, name, status, reason } of await auditServer({ url, fetchFn })) {
  console.log(JSON.stringify({ id, name, status, reason: reason ?? null }));
}
