// Prints one line of JSON for each check of the GraphQL over HTTP audit suite: its id, name, status and reason.
import { auditServer } from 'graphql-http';

for (const { id, name, status, reason } of await auditServer({ url: process.argv[2] })) {
  console.log(JSON.stringify({ id, name, status, reason: reason ?? null }));
}
