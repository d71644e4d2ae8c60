/** The elements that show how a computation ran, in one part. */
import "./chunk-grid";
import "./graph-explorer";
import "./memory-chart";
import "./task-stream";
