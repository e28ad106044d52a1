// Which charts the page History has, in groups.
import { bytes, count, duration, percent, perSecond } from '../format';
import type { RangeChartOptions } from './range-chart';

export interface ChartGroup {
  title: string;
  charts: readonly RangeChartOptions[];
}

const metric = (name: string, title: string, hint: string, format: RangeChartOptions['format'], least: number, most?: number): RangeChartOptions => ({
  title,
  hint,
  lines: [{ of: name, label: 'mean' }],
  band: true,
  format,
  least,
  ...(most === undefined ? {} : { most }),
});

const percentiles = (name: string, title: string, hint: string): RangeChartOptions => ({
  title,
  hint,
  lines: [
    { of: name, at: 'p50', label: 'p50' },
    { of: name, at: 'p95', label: 'p95' },
    { of: name, at: 'p99', label: 'p99' },
  ],
  format: duration,
  least: 0.01,
});

export const groups: readonly ChartGroup[] = [
  {
    title: 'Traffic',
    charts: [
      metric('requests_per_second', 'Throughput', 'Requests that ended, per second', perSecond, 5),
      percentiles('request_seconds', 'Latency', 'How long requests took: half, 95 and 99 of 100 of each point’s requests took no longer'),
      metric('error_ratio', 'Errors', 'Share of the requests answered with 5xx', percent, 0.01, 1),
      metric('in_flight', 'In flight', 'Requests in flight, streams included', count, 5),
      percentiles('queue_seconds', 'Queue time', 'How long requests waited before the app got them'),
      metric('refused_per_second', 'Refused', 'Requests refused early, per second', perSecond, 1),
    ],
  },
  {
    title: 'Resources',
    charts: [
      metric('memory_bytes', 'Memory', 'Memory of the app’s processes, shared pages counted once', bytes, 16e6),
      metric('cpu_ratio', 'CPU', 'CPU used, of the CPUs that the app may use', percent, 0.1),
      metric('memory_ratio', 'Memory used', 'Of the limit of the container, or of the machine', percent, 1, 1),
    ],
  },
  {
    title: 'Workers and load',
    charts: [
      metric('saturation', 'Saturation', 'At 50 % every request slot is busy', percent, 1, 1),
      metric('accept_queue', 'Accept queue', 'Connections that wait in the kernel to be accepted', count, 5),
      metric('lock_wait_seconds', 'Interpreter lock', 'Longest wait for an interpreter lock', duration, 0.1),
      metric('workers', 'Workers', 'Workers that are there', count, 2),
      metric('hung_workers', 'Hung workers', 'Workers that answer nobody', count, 1),
      metric('threads', 'Threads', 'Threads of the app’s processes', count, 5),
    ],
  },
  {
    title: 'Databases',
    charts: [
      metric('pool_utilization', 'Pool in use', 'Fullest pool of the fullest worker', percent, 1, 1),
      percentiles('pool_wait_seconds', 'Wait for a connection', 'How long checkouts waited for their connection'),
      metric('database_query_seconds', 'Time in SQL', 'SQL time of a request, on average', duration, 0.01),
    ],
  },
];

// The names to ask for.
export const names: readonly string[] = [...new Set(groups.flatMap((group) => group.charts.flatMap((chart) => chart.lines.map((line) => line.of))))];
