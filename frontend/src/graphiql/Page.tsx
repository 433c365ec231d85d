import { GraphiQL } from "graphiql";

import { examples } from "./examples";
import { createFetcher } from "./fetcher";

const fetcher = createFetcher();

/** GraphiQL on this server's API; dark or light as the system says. */
export function Page() {
  return (
    <GraphiQL fetcher={fetcher} defaultTabs={examples}>
      <GraphiQL.Logo>
        <strong>Vedette</strong>
      </GraphiQL.Logo>
    </GraphiQL>
  );
}
