// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import InvocationQueue
import Logging
import Prometheus

/// The numbers of the queue of asynchronous invocations, by function, looked up when they are read.
enum QueueMetrics {
    static let families: [MetricFamily] = [
        MetricFamily("swiftlet_queue_depth", "Asynchronous invocations that wait."),
        MetricFamily("swiftlet_queue_oldest_age_seconds", "How long ago the invocation at the head of the queue was accepted."),
        MetricFamily("swiftlet_queue_in_flight", "Asynchronous invocations that run."),
        MetricFamily("swiftlet_queue_accepted_total", "Asynchronous invocations that were ever accepted."),
        MetricFamily("swiftlet_queue_done_total", "Asynchronous invocations that ever succeeded or were stopped."),
        MetricFamily("swiftlet_queue_retries_total", "Attempts that were ever followed by another one."),
        MetricFamily("swiftlet_queue_dead_letters", "Dead letters that are kept."),
    ]

    static func collect(
        into registry: PrometheusRegistry, queue: any InvocationQueue, logger: Logger, now: @escaping @Sendable () -> Timestamp
    ) {
        registry.beforeReading {
            let lanes: [LaneStatistics]
            do { lanes = try await queue.statistics() } catch {
                logger.error("the queue's counts cannot be read", metadata: ["error": "\(error)"])
                return
            }
            func set(_ name: String, _ value: (LaneStatistics) -> Double?) {
                registry.setGauges(name, lanes.compactMap { lane in value(lane).map { ([("function", lane.lane)], $0) } })
            }
            let time = now().milliseconds
            set("swiftlet_queue_depth") { Double($0.waiting) }
            set("swiftlet_queue_oldest_age_seconds") { $0.oldest.map { Double(max(0, time - $0.milliseconds)) / 1000 } }
            set("swiftlet_queue_in_flight") { Double($0.running) }
            set("swiftlet_queue_accepted_total") { Double($0.accepted) }
            set("swiftlet_queue_done_total") { Double($0.done) }
            set("swiftlet_queue_retries_total") { Double($0.retries) }
            set("swiftlet_queue_dead_letters") { Double($0.dead) }
        }
    }
}
