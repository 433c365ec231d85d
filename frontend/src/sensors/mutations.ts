import { messageOf, mutate } from "../api/mutate";
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
const StartMany = graphql(`
  mutation StartSensors($input: StartSensorsInput!) {
    startSensors(input: $input) { results { sensorId error { message } } errors { __typename message path } }
  }
`);
const StopMany = graphql(`
  mutation StopSensors($input: StopSensorsInput!) {
    stopSensors(input: $input) { results { sensorId error { message } } errors { __typename message path } }
  }
`);
const ResetMany = graphql(`
  mutation ResetSensors($input: ResetSensorsInput!) {
    resetSensors(input: $input) { results { sensorId error { message } } errors { __typename message path } }
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

/** Change whether sensors are evaluated, together; return for each why it was refused, null if it was not. */
export async function changeMany(what: Change, sensorIds: readonly string[]): Promise<[string, string | null][]> {
  try {
    const input = { sensorIds: [...sensorIds] };
    const { results } = await (what === "start"
      ? mutate(StartMany, input)
      : what === "stop"
        ? mutate(StopMany, input)
        : mutate(ResetMany, input));
    return results.map(({ sensorId, error }) => [sensorId, error?.message ?? null]);
  } catch (error) {
    return sensorIds.map((id) => [id, messageOf(error)]);
  }
}

/** Evaluate a sensor now, for real; return its tick. Throws MutationFailed. */
export async function tickNow(sensorId: string) {
  const { tick } = await mutate(Tick, { sensorId });
  return tick;
}
