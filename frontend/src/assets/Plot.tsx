import { shownMoment } from "../elements/Time";
import { type Figure, path } from "./figures";

const WIDTH = 260;
const HEIGHT = 56;

/** A number that runs noted about an asset, over time. */
export function Plot({ figure }: { figure: Figure }) {
  const { name, points } = figure;
  const values = points.map(({ value }) => value);
  const range = `from ${Math.min(...values).toLocaleString()} to ${Math.max(...values).toLocaleString()}`;
  const [first, last] = [points[0], points.at(-1)];
  return (
    <figure className="panel plot">
      <figcaption className="row">
        <span className="soft clip">{name}</span>
        <strong className="push number">{last?.value.toLocaleString()}</strong>
      </figcaption>
      <svg
        viewBox={`-3 -3 ${WIDTH + 6} ${HEIGHT + 6}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${name}: ${values.length} values, ${range}`}
      >
        <path className="plot-ground" d={`${path(points, WIDTH, HEIGHT)} L${WIDTH},${HEIGHT + 3} L0,${HEIGHT + 3} Z`} />
        <path d={path(points, WIDTH, HEIGHT)} />
      </svg>
      <span className="row faint number plot-ends">
        <span>{first && shownMoment(new Date(first.at))}</span>
        <span className="push">{last && shownMoment(new Date(last.at))}</span>
      </span>
    </figure>
  );
}
