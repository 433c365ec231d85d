import { drawFailure, FAILURE_PIXELS, type Paint } from "../timeline/paint";
import { type Span, toX } from "../timeline/span";
import { type Bucket, size } from "./buckets";

const LEAST_PIXELS = 3;
const COUNT_PIXELS = 22;

interface BucketScene {
  buckets: readonly Bucket[];
  width: number;
  span: Span;
  pixels: number;
  floor: number;
  chosen: Bucket | null;
  paint: Paint;
}

/**
 * Draw buckets over time: a bar each, the higher the more ticks it counts, of what skipped, launched and failed from
 * below; those with a failure carry a mark, told apart without colour too.
 */
export function drawBuckets(context: CanvasRenderingContext2D, scene: BucketScene) {
  const { span, pixels, width } = scene;
  const inSight = scene.buckets.filter(({ at }) => at + width > span.from && at < span.to);
  const most = Math.max(1, ...inSight.map(size));
  for (const bucket of inSight) {
    const left = toX(bucket.at, span, pixels);
    drawBucket(context, bucket, scene, left, toX(bucket.at + width, span, pixels) - left, most);
  }
}

function drawBucket(
  context: CanvasRenderingContext2D,
  bucket: Bucket,
  { floor, chosen, paint }: BucketScene,
  left: number,
  wide: number,
  most: number,
) {
  const total = size(bucket);
  // By the root: one tick among thousands is still seen.
  const high = Math.max(LEAST_PIXELS, (floor - 20) * Math.sqrt(total / most));
  const inner = Math.max(1, wide - 1);
  const parts = [
    [bucket.skipped, paint.idle],
    [bucket.success, paint.good],
    [bucket.failure, paint.bad],
  ] as const;
  let top = floor;
  for (const [count, colour] of parts) {
    if (count === 0) continue;
    const part = Math.max(LEAST_PIXELS, (high * count) / total);
    top -= part;
    context.fillStyle = colour;
    context.fillRect(left, top, inner, part);
  }
  if (chosen?.at === bucket.at) {
    context.strokeStyle = paint.text;
    context.strokeRect(left - 1.5, top - 1.5, inner + 3, floor - top + 3);
  }
  if (bucket.failure > 0) drawFailure(context, left + inner / 2, top - FAILURE_PIXELS - 3, paint);
  else if (bucket.launched > 0 && wide > COUNT_PIXELS) {
    context.fillStyle = paint.good;
    context.fillText(String(bucket.launched), left, top - 8);
  }
}
