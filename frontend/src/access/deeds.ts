import type { Role } from "../gql/graphql";

/** Every mutation, as what somebody does by it: "Viewers may not …". */
export const DEEDS = {
  startSensor: "start sensors",
  stopSensor: "stop sensors",
  resetSensor: "reset sensors",
  startSensors: "start sensors",
  stopSensors: "stop sensors",
  resetSensors: "reset sensors",
  setSensorCursor: "change cursors",
  evaluateSensor: "test sensors",
  tickSensor: "evaluate sensors",
  launchRun: "launch runs",
  cancelRun: "cancel runs",
  setRunLimit: "limit how many runs are executed",
  removeRunLimit: "remove limits of runs",
  rerun: "repeat runs",
  releaseRunKey: "release run keys",
  addDynamicPartition: "add partitions",
  deleteDynamicPartitions: "delete partitions",
  reportAssetEvent: "report on assets",
  wipeAssets: "wipe assets",
  reloadCodeLocation: "load code anew",
  createToken: "make tokens",
  revokeToken: "revoke tokens",
} as const;

export type Deed = keyof typeof DEEDS;

const PEOPLE: Record<Role, string> = { VIEWER: "Viewers", OPERATOR: "Operators", ADMIN: "Admins" };

/** What is known of who asks. */
export interface Mind {
  role: Role;
  isReadOnly: boolean;
  permissions: readonly { field: string; role: Role; isGranted: boolean }[];
}

/** Return why somebody may not do something, as a sentence with the remedy; null: they may. */
export function refusal(viewer: Mind, deed: Deed): string | null {
  const needed = viewer.permissions.find(({ field }) => field === `Mutation.${deed}`);
  if (!needed || needed.isGranted) return null;
  if (viewer.isReadOnly) return `This server is read-only: nobody may ${DEEDS[deed]} here.`;
  return `${PEOPLE[viewer.role]} may not ${DEEDS[deed]}; ask for the role ${needed.role.toLowerCase()}.`;
}
