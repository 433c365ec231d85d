import { memo, useMemo, useState } from "react";
import { useSearchParams } from "wouter";

import { useMay } from "../access/viewer";
import { messageOf } from "../api/mutate";
import { Button } from "../elements/Button";
import { Empty } from "../elements/Empty";
import { Trouble } from "../elements/ErrorBox";
import { Head, Loading } from "../elements/Page";
import { Tabs } from "../elements/Tabs";
import { complain, say } from "../elements/toasts";
import { RunList } from "../runs/RunList";
import { TickDialog } from "../ticks/TickDialog";
import { TickTable } from "../ticks/TickTable";
import { Timeline } from "../ticks/Timeline";
import { useSight } from "../timeline/useSight";
import { sensorAddress } from "./address";
import { ConditionTag } from "./ConditionTag";
import { CursorTab } from "./CursorTab";
import { change, tickNow } from "./mutations";
import { NextTick } from "./NextTick";
import { SensorFacts } from "./SensorFacts";
import { SensorSwitch } from "./SensorSwitch";
import { TestDialog } from "./TestDialog";
import { useSensor } from "./useSensor";

import "./sensor.css";

// Not drawn again as the timeline moves.
const Facts = memo(SensorFacts);

interface SensorPageProps {
  location: string;
  name: string;
}

/** One sensor: how it stands, its ticks as they come, its runs and its cursor. */
export default function SensorPage({ location, name }: SensorPageProps) {
  const { facts, state, cursor, live, isLoading, trouble } = useSensor(location, name);
  const [parameters, setParameters] = useSearchParams();
  const sight = useSight();
  const [pointed, setPointed] = useState<string | null>(null);
  const [isTesting, setTesting] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const tab = parameters.get("tab") ?? "ticks";
  const tick = parameters.get("tick");
  const address = sensorAddress(location, name);
  const [mayNotTick, mayNotTest, mayNotReset] = [useMay("tickSensor"), useMay("evaluateSensor"), useMay("resetSensor")];

  const show = (id: string | null) =>
    setParameters((before) => {
      const after = new URLSearchParams(before);
      if (id === null) after.delete("tick");
      else after.set("tick", id);
      return after;
    });
  const act = async (what: () => Promise<unknown>, done: string | null, refused: string) => {
    setBusy(true);
    try {
      await what();
      if (done !== null) say(done);
    } catch (error) {
      complain(refused, messageOf(error));
    }
    setBusy(false);
  };
  const evaluate = async () => {
    const begun = await tickNow(facts?.id ?? "");
    if (begun) show(begun.id);
  };

  const id = facts?.id;
  const part = useMemo(
    () => {
      if (id === undefined || cursor === null) return null;
      if (tab === "cursor") return <CursorTab sensorId={id} cursor={cursor} address={address} />;
      if (tab === "runs") {
        return (
          <RunList
            filter={{ sensorId: id }}
            empty="Runs that this sensor asks for are listed here."
            pointed={pointed}
            onPoint={setPointed}
          />
        );
      }
      return (
        <TickTable
          sensorId={id}
          live={live}
          pointed={pointed}
          onPoint={setPointed}
          onTurn={(span) => (span ? sight.show(span) : sight.follow())}
          onOpen={show}
        />
      );
    },
    // eslint-disable-next-line react-hooks/exhaustive-deps -- not drawn again as the timeline moves; what it calls does the same whatever is in sight
    [id, tab, address, cursor, live, pointed, parameters],
  );

  if (trouble && !facts)
    return (
      <div className="page">
        <Trouble message={trouble} />
      </div>
    );
  if (isLoading) return <Loading />;
  if (!facts || !state || !cursor) {
    return (
      <Empty page title={`There is no sensor ${name} in ${location}`}>
        It may have been renamed or removed; the list of sensors has those that are defined now.
      </Empty>
    );
  }
  return (
    <div className="page scrolls">
      <Head
        title={facts.name}
        within={[
          ["Sensors", "/"],
          [location, `/?location=${encodeURIComponent(location)}`],
        ]}
        marks={
          <>
            <SensorSwitch id={facts.id} name={facts.name} status={state.status} />
            <ConditionTag state={state} />
            <NextTick state={state} />
          </>
        }
      >
        <Button
          icon="play"
          disabled={isBusy}
          refused={mayNotTick}
          onClick={() => act(evaluate, null, `${name} was not evaluated`)}
        >
          Evaluate now
        </Button>
        <Button refused={mayNotTest} onClick={() => setTesting(true)}>
          Test
        </Button>
        <Button
          disabled={isBusy}
          refused={mayNotReset}
          title={`Gives it the status that its code says: ${facts.defaultStatus === "RUNNING" ? "on" : "off"}`}
          onClick={() => act(() => change("reset", facts.id), "Reset to what its code says", `${name} was not reset`)}
        >
          Reset
        </Button>
      </Head>
      <Facts facts={facts} state={state} cursor={cursor} />
      <Timeline
        sensorId={facts.id}
        sight={sight}
        live={live}
        pointed={pointed}
        onPoint={setPointed}
        onOpen={show}
      />
      <Tabs
        label={`Parts of ${name}`}
        current={tab}
        tabs={[
          ["ticks", "Ticks", address],
          ["runs", "Runs", `${address}?tab=runs`],
          ["cursor", "Cursor", `${address}?tab=cursor`],
        ]}
      />
      {part}
      {tick && (
        <TickDialog
          id={tick}
          version={live.find((each) => each.id === tick)?.status ?? ""}
          onClose={() => show(null)}
        />
      )}
      {isTesting && (
        <TestDialog
          sensorId={facts.id}
          name={name}
          location={location}
          cursor={cursor}
          watchesRuns={facts.kind === "RUN_STATUS"}
          onClose={() => setTesting(false)}
        />
      )}
    </div>
  );
}
