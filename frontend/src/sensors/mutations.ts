import { mutate } from "../api/mutate";
import { graphql } from "../gql";

const Start = graphql(`
  mutation StartSensor($input: StartSensorInput!) {
    startSensor(input: $input) { sensor { id ...SensorState } errors { __typename message path } }
  }
`);
const Stop = graphql(`
  mutation StopSensor($input: StopSensorInput!) {
    stopSensor(input: $input) { sensor { id ...SensorState } errors { __typename message path } }
  }
`);
const Reset = graphql(`
  mutation ResetSensor($input: ResetSensorInput!) {
    resetSensor(input: $input) { sensor { id ...SensorState } errors { __typename message path } }
  }
`);
const Tick = graphql(`
  mutation TickSensor($input: TickSensorInput!) {
    tickSensor(input: $input) { tick { id number status } errors { __typename message path } }
  }
`);

export type Change = "start" | "stop" | "reset";

/** Change whether a sensor is evaluated. Throws MutationFailed. */
export async function change(what: Change, sensorId: string): Promise<void> {
  if (what === "start") await mutate(Start, { sensorId });
  else if (what === "stop") await mutate(Stop, { sensorId });
  else await mutate(Reset, { sensorId });
}

/** Evaluate a sensor now, for real; return its tick. Throws MutationFailed. */
export async function tickNow(sensorId: string) {
  const { tick } = await mutate(Tick, { sensorId });
  return tick;
}
