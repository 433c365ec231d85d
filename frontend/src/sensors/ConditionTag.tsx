import { Tag } from "../elements/Tag";
import type { State } from "./board";
import { conditionNames, conditionOf, conditionTones } from "./conditions";

export function ConditionTag({ state }: { state: State }) {
  const condition = conditionOf(state);
  return <Tag tone={conditionTones[condition]}>{conditionNames[condition]}</Tag>;
}
