import { useEffect, useState } from "react";

import { useMay } from "../access/viewer";
import { messageOf } from "../api/mutate";
import { Switch } from "../elements/Switch";
import { complain } from "../elements/toasts";
import { change } from "./mutations";

interface SensorSwitchProps {
  id: string;
  name: string;
  status: "RUNNING" | "STOPPED";
}

/** Starts and stops a sensor. It moves at once, and back if the server refuses. */
export function SensorSwitch({ id, name, status }: SensorSwitchProps) {
  const [wanted, setWanted] = useState<boolean | null>(null);
  const running = status === "RUNNING";
  useEffect(() => {
    if (wanted === running) setWanted(null);
  }, [wanted, running]);
  const onChange = async (checked: boolean) => {
    setWanted(checked);
    try {
      await change(checked ? "start" : "stop", id);
    } catch (error) {
      setWanted(null);
      complain(`${name} was not ${checked ? "started" : "stopped"}`, messageOf(error));
    }
  };
  const mayNot = useMay(running ? "stopSensor" : "startSensor");
  return <Switch label={`${name} is evaluated`} checked={wanted ?? running} refused={mayNot} onChange={onChange} />;
}
