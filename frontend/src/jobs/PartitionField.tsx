import { useState } from "react";
import { useQuery } from "urql";

import { graphql } from "../gql";

const Query = graphql(`
  query LaunchpadPartitions($id: ID!, $prefix: String) {
    node(id: $id) {
      __typename
      ... on Job {
        id
        partitions(prefix: $prefix, first: 50) { edges { node { key } } }
      }
    }
  }
`);

interface PartitionFieldProps {
  jobId: string;
  value: string;
  onChange: (value: string) => void;
}

/** The partition to run for, of those that there are; nothing where the job is not divided. */
export function PartitionField({ jobId, value, onChange }: PartitionFieldProps) {
  const [prefix, setPrefix] = useState("");
  const [{ data }] = useQuery({ query: Query, variables: { id: jobId, prefix: prefix || null } });
  const partitions = data?.node?.__typename === "Job" ? data.node.partitions : null;
  if (!partitions && value === "") return null;
  const hint = partitions?.edges[0]?.node.key;
  return (
    <div className="field">
      <label htmlFor="partition">Partition</label>
      <input
        id="partition"
        className="input"
        list="partitions"
        placeholder={hint ? `Type to choose, such as ${hint}` : "There is none yet"}
        value={value}
        onChange={(event) => {
          onChange(event.target.value);
          setPrefix(event.target.value);
        }}
      />
      <datalist id="partitions">
        {partitions?.edges.map(({ node }) => (
          <option key={node.key} value={node.key} />
        ))}
      </datalist>
    </div>
  );
}
