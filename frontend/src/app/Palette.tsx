import { Dialog } from "@base-ui/react/dialog";
import { useEffect, useId, useState } from "react";
import { useLocation } from "wouter";

import { client } from "../api/client";
import { assetAddress, assetName } from "../assets/address";
import { Icon, type IconName } from "../elements/Icon";
import { graphql } from "../gql";
import { jobAddress, jobTitle } from "../jobs/address";
import { sensorAddress } from "../sensors/address";

const Find = graphql(`
  query Find($text: String!) {
    sensors(filter: { nameContains: $text }, first: 8) { edges { node { id name codeLocation { id name } } } }
    jobs(filter: { nameContains: $text }, first: 6) { edges { node { id name codeLocation { id name } } } }
    assets(filter: { keyContains: $text }, first: 6) { edges { node { id key } } }
  }
`);

interface Found {
  id: string;
  title: string;
  detail: string;
  icon: IconName;
  address: string;
}

const places: readonly Found[] = [
  { id: "sensors", title: "Sensors", detail: "screen", icon: "eye", address: "/" },
  { id: "attention", title: "Failing sensors", detail: "screen", icon: "eye", address: "/?condition=BACKING_OFF" },
  { id: "runs", title: "Runs", detail: "screen", icon: "play", address: "/runs" },
  { id: "failed", title: "Failed runs", detail: "screen", icon: "play", address: "/runs?status=FAILURE" },
  { id: "jobs", title: "Jobs", detail: "screen", icon: "graph", address: "/jobs" },
  { id: "assets", title: "Assets", detail: "screen", icon: "box", address: "/assets" },
  { id: "audit", title: "Audit log", detail: "screen", icon: "list", address: "/audit" },
  { id: "instance", title: "Instance", detail: "screen", icon: "server", address: "/instance" },
];

const SETTLE_MILLISECONDS = 80;

function useFound(text: string): readonly Found[] {
  const [found, setFound] = useState<{ text: string; items: readonly Found[] }>({ text: "", items: [] });
  useEffect(() => {
    let isWanted = true;
    const timer = setTimeout(async () => {
      const { data } = await client.query(Find, { text }, { requestPolicy: "network-only" }).toPromise();
      if (!isWanted || !data) return;
      const items = [
        ...data.sensors.edges.map(
          ({ node }): Found => ({
            id: node.id,
            title: node.name,
            detail: `sensor in ${node.codeLocation.name}`,
            icon: "eye",
            address: sensorAddress(node.codeLocation.name, node.name),
          }),
        ),
        ...data.jobs.edges.map(
          ({ node }): Found => ({
            id: node.id,
            title: jobTitle(node.name),
            detail: `job in ${node.codeLocation.name}`,
            icon: "graph",
            address: jobAddress(node.codeLocation.name, node.name),
          }),
        ),
        ...data.assets.edges.map(
          ({ node }): Found => ({
            id: node.id,
            title: assetName(node.key),
            detail: "asset",
            icon: "box",
            address: assetAddress(node.key),
          }),
        ),
      ];
      setFound({ text, items });
    }, SETTLE_MILLISECONDS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [text]);
  const wanted = text.trim().toLowerCase();
  // A screen comes first where its name begins like that.
  const screens = places.filter(({ title }) => title.toLowerCase().includes(wanted));
  // What was found for an earlier text is no answer to this one, but where it fits.
  const items =
    found.text === text ? found.items : found.items.filter(({ title }) => title.toLowerCase().includes(wanted));
  const begins = ({ title }: Found) => title.toLowerCase().startsWith(wanted);
  return [...screens.filter(begins), ...items, ...screens.filter((place) => !begins(place))];
}

/** Finds screens, sensors, jobs and assets by name and goes there. */
export function Palette({ onClose }: { onClose: () => void }) {
  const [text, setText] = useState("");
  const [index, setIndex] = useState(0);
  const [, go] = useLocation();
  const list = useId();
  const found = useFound(text);
  const at = Math.min(index, found.length - 1);
  const choose = (item: Found | undefined) => {
    if (!item) return;
    onClose();
    go(item.address);
  };
  const onKey = (event: React.KeyboardEvent) => {
    if (event.key === "ArrowDown") setIndex(Math.min(found.length - 1, at + 1));
    else if (event.key === "ArrowUp") setIndex(Math.max(0, at - 1));
    else if (event.key === "Enter") choose(found[at]);
    else return;
    event.preventDefault();
  };
  return (
    <Dialog.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Dialog.Portal>
        <Dialog.Backdrop className="backdrop" />
        <Dialog.Popup className="dialog palette" aria-label="Find anything">
          <input
            className="input"
            role="combobox"
            // What is typed right after Ctrl-K belongs here.
            autoFocus
            aria-label="Find a screen, sensor, job or asset"
            aria-expanded="true"
            aria-controls={list}
            aria-activedescendant={found[at] && `${list}-${at}`}
            placeholder="Find a screen, sensor, job or asset …"
            value={text}
            onChange={(event) => {
              setText(event.target.value);
              setIndex(0);
            }}
            onKeyDown={onKey}
          />
          <div role="listbox" id={list} aria-label="Found" tabIndex={-1}>
            {found.map((item, place) => (
              // the keys are those of the field
              <div
                key={item.id}
                id={`${list}-${place}`}
                role="option"
                aria-selected={place === at}
                data-highlighted={place === at || undefined}
                tabIndex={-1}
                onPointerMove={() => setIndex(place)}
                onClick={() => choose(item)}
              >
                <Icon name={item.icon} />
                <span className="clip">{item.title}</span>
                <span className="push soft">{item.detail}</span>
              </div>
            ))}
          </div>
          {found.length === 0 && <p className="empty">Nothing has that in its name.</p>}
        </Dialog.Popup>
      </Dialog.Portal>
    </Dialog.Root>
  );
}
