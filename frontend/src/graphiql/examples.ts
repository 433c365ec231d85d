/** The operations that a first visit finds, one a tab. */

const sensors = `# Every sensor, and how its last tick went.
# Run it with the button or with Ctrl-Enter.
# The other tabs stream ticks and start a sensor.
query Sensors {
  sensors(first: 25) {
    edges {
      node {
        id
        name
        status
        condition { kind until message }
        nextTickAt
        lastTick {
          number
          status
          startedAt
          skipReason
          error { message }
          launchedCount
        }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;

const ticks = `# Every tick as it starts and as it ends, live.
# To resume with nothing missed, pass the last
# position: ticks(after: "…").
subscription Ticks {
  ticks {
    ... on TickChanged {
      position
      tick {
        sensor { name }
        number
        status
        startedAt
        skipReason
        error { message }
        launchedCount
      }
    }
    ... on StreamGap { position message }
  }
}
`;

const startSensor = `# Put a sensor's id into the variables below;
# the first tab lists the ids.
mutation StartSensor($sensorId: ID!) {
  startSensor(input: { sensorId: $sensorId }) {
    sensor { id name status nextTickAt }
    errors { __typename message path }
  }
}

mutation StopSensor($sensorId: ID!) {
  stopSensor(
    input: { sensorId: $sensorId, note: "by hand" }
  ) {
    sensor { id name status }
    errors { __typename message path }
  }
}
`;

const runs = `# The latest runs, and the sensor that asked for each.
query Runs {
  runs(first: 25) {
    edges {
      node {
        id
        jobName
        status
        runKey
        queuedAt
        startedAt
        finishedAt
        sensor { name }
        error { message }
      }
    }
  }
}
`;

export const examples = [
  { query: sensors },
  { query: ticks },
  { query: startSensor, variables: '{ "sensorId": "" }' },
  { query: runs },
];
