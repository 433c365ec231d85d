import { Tooltip } from "@base-ui/react/tooltip";
import { lazy, Suspense } from "react";
import { Route, Switch } from "wouter";

import { Gate } from "../access/Gate";
import { Onward } from "../access/Onward";
import { Empty } from "../elements/Empty";
import { Loading } from "../elements/Page";
import { Toasts } from "../elements/Toasts";
import { OverviewPage } from "../sensors/OverviewPage";
import { Failed } from "./Failed";
import { Shell } from "./Shell";

const SensorPage = lazy(() => import("../sensors/SensorPage"));
const RunsPage = lazy(() => import("../runs/RunsPage"));
const RunPage = lazy(() => import("../runs/RunPage"));
const JobsPage = lazy(() => import("../jobs/JobsPage"));
const JobPage = lazy(() => import("../jobs/JobPage"));
const AssetsPage = lazy(() => import("../assets/AssetsPage"));
const AssetPage = lazy(() => import("../assets/AssetPage"));
const AuditPage = lazy(() => import("../audit/AuditPage"));
const InstancePage = lazy(() => import("../instance/InstancePage"));

/** Every screen by its address. */
export function App() {
  return (
    <Tooltip.Provider delay={300}>
      <Gate>
        <Shell>
          <Failed>
            <Suspense fallback={<Loading />}>
              <Switch>
                <Route path="/" component={OverviewPage} />
                <Route path="/sensors/:location/:name">
                  {({ location, name }) => (
                    <SensorPage key={`${location}/${name}`} location={decode(location)} name={decode(name)} />
                  )}
                </Route>
                <Route path="/runs" component={RunsPage} />
                <Route path="/runs/:id">{({ id }) => <RunPage key={id} id={decode(id)} />}</Route>
                <Route path="/jobs" component={JobsPage} />
                <Route path="/jobs/:location/:name">
                  {({ location, name }) => (
                    <JobPage key={`${location}/${name}`} location={decode(location)} name={decode(name)} />
                  )}
                </Route>
                <Route path="/assets" component={AssetsPage} />
                <Route path="/assets/*">
                  {({ "*": key }) => <AssetPage key={key} path={(key ?? "").split("/").map(decode)} />}
                </Route>
                <Route path="/instance" component={InstancePage} />
                <Route path="/audit" component={AuditPage} />
                <Route path="/sign-in" component={Onward} />
                <Route>
                  <Empty page title="There is nothing at this address">
                    Go on from the navigation, or press Ctrl-K to find a thing by its name.
                  </Empty>
                </Route>
              </Switch>
            </Suspense>
          </Failed>
        </Shell>
      </Gate>
      <Toasts />
    </Tooltip.Provider>
  );
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
