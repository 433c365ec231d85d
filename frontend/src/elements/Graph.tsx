import { graphlib, layout } from "@dagrejs/dagre";
import type { ReactNode } from "react";
import { Link } from "wouter";

import "./graph.css";

/** A thing and what comes before it, by id. */
export interface GraphNode {
  id: string;
  title: string;
  detail?: ReactNode;
  href?: string | undefined;
  tone?: string | undefined;
  dependsOn: readonly string[];
}

const NODE_HEIGHT = 34;
const TALL_NODE_HEIGHT = 50;
const CHARACTER_PIXELS = 7.2;
const MOST_PIXELS = 260;

function placed(nodes: readonly GraphNode[]) {
  const graph = new graphlib.Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 14, ranksep: 46, marginx: 12, marginy: 12 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(({ id }) => id));
  for (const { id, title, detail } of nodes) {
    const width = Math.min(MOST_PIXELS, Math.max(96, title.length * CHARACTER_PIXELS + 28));
    graph.setNode(id, { width, height: detail === undefined ? NODE_HEIGHT : TALL_NODE_HEIGHT });
  }
  for (const { id, dependsOn } of nodes) {
    for (const before of dependsOn) if (known.has(before)) graph.setEdge(before, id);
  }
  layout(graph);
  return graph;
}

function curve(points: readonly { x: number; y: number }[]): string {
  const [first, ...others] = points;
  const last = others.at(-1);
  if (!first || !last) return "";
  const middle = (first.x + last.x) / 2;
  return `M${first.x},${first.y} C${middle},${first.y} ${middle},${last.y} ${last.x},${last.y}`;
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
            <path key={`${edge.v} ${edge.w}`} d={curve(graph.edge(edge).points)} />
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
                {detail !== undefined && <span className="graph-detail clip">{detail}</span>}
              </li>
            );
          })}
        </ul>
      </div>
    </div>
  );
}
