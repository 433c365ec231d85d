import { graphlib, layout } from "@dagrejs/dagre";
import { Link } from "wouter";

import "./graph.css";

/** A thing and what comes before it, by id. */
export interface GraphNode {
  id: string;
  title: string;
  detail?: string;
  href?: string | undefined;
  tone?: string | undefined;
  dependsOn: readonly string[];
}

const NODE_HEIGHT = 34;
const TALL_NODE_HEIGHT = 50;
const CHARACTER_PIXELS = 7.2;
// Of a detail, on average.
const DETAIL_PIXELS = 5.8;
const MOST_PIXELS = 220;

function placed(nodes: readonly GraphNode[]) {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 46, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(({ id }) => id));
  for (const { id, title, detail } of nodes) {
    const wide = Math.max(title.length * CHARACTER_PIXELS, (detail?.length ?? 0) * DETAIL_PIXELS);
    const width = Math.min(MOST_PIXELS, Math.max(96, wide + 28));
    graph.setNode(id, { width, height: detail === undefined ? NODE_HEIGHT : TALL_NODE_HEIGHT });
  }
  for (const { id, dependsOn } of nodes) {
    for (const before of dependsOn) if (known.has(before)) graph.setEdge(before, id);
  }
  layout(graph);
  return graph;
}

interface Box {
  x: number;
  y: number;
  width: number;
}

/** Return the line from the right side of a box to the left side of the next. */
function curve(before: Box, after: Box): string {
  const [from, to] = [before.x + before.width / 2, after.x - after.width / 2];
  const middle = (from + to) / 2;
  return `M${from},${before.y} C${middle},${before.y} ${middle},${after.y} ${to},${after.y}`;
}

/** Things in the order of what depends on what, from left to right. */
export function Graph({ nodes, label }: { nodes: readonly GraphNode[]; label: string }) {
  const graph = placed(nodes);
  const { width = 0, height = 0 } = graph.graph();
  return (
    <div className="graph" tabIndex={0} role="region" aria-label={label}>
      <div style={{ position: "relative", width, height }}>
        <svg width={width} height={height} aria-hidden="true">
          {graph.edges().map((edge) => (
            <path key={`${edge.v} ${edge.w}`} d={curve(graph.node(edge.v) as Box, graph.node(edge.w) as Box)} />
          ))}
        </svg>
        <ul>
          {nodes.map(({ id, title, detail, href, tone, dependsOn }) => {
            const { x, y, width: wide, height: high } = graph.node(id);
            const style = { left: x - wide / 2, top: y - high / 2, width: wide, height: high };
            const after = dependsOn.length > 0 ? `, after ${dependsOn.join(", ")}` : "";
            return (
              <li key={id} className={`graph-node ${tone ?? ""}`} style={style}>
                {href ? (
                  <Link href={href} className="clip">
                    {title}
                  </Link>
                ) : (
                  <span className="clip">{title}</span>
                )}
                <span className="hidden">{after}</span>
                {detail !== undefined && <span className="graph-detail clip" title={detail}>{detail}</span>}
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}
