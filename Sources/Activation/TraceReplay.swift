// SPDX-License-Identifier: Apache-2.0

/// What a way of keeping instances would have cost on a trace: cold starts, and memory held without a call. A pure function of the trace.
///
/// One instance a function is looked at, as the paper does: calls that overlap are warm.
package struct TraceReplay: Sendable {
    package struct Call: Hashable, Sendable {
        /// Seconds from any beginning.
        package var time: Double
        package var function: String
        package var duration: Double
        /// Megabytes of one instance.
        package var memory: Double

        package init(time: Double, function: String, duration: Double, memory: Double) {
            (self.time, self.function, self.duration, self.memory) = (time, function, duration, memory)
        }
    }

    package enum Policy: Hashable, Sendable {
        /// The instance is kept so many seconds after its last call.
        case fixed(Double)
        /// The windows of ``IdleHistogram``; so many seconds where it says nothing.
        case histogram(otherwise: Double)
    }

    package struct Cost: Hashable, Sendable, Encodable {
        package var calls = 0
        package var coldStarts = 0
        /// Megabytes times seconds of instances that waited for a call.
        package var idleMegabyteSeconds = 0.0
        package var coldShare: Double { calls == 0 ? 0 : Double(coldStarts) / Double(calls) }
    }

    private struct Function {
        var busyUntil: Double
        var memory: Double
        var history = IdleHistogram()
    }

    /// - Parameter calls: in any order.
    package static func cost(of calls: [Call], _ policy: Policy) -> Cost {
        var cost = Cost()
        var functions: [String: Function] = [:]
        let end = calls.map { $0.time + $0.duration }.max() ?? 0
        for call in calls.sorted(by: { ($0.time, $0.function) < ($1.time, $1.function) }) {
            cost.calls += 1
            guard var function = functions[call.function] else {
                cost.coldStarts += 1
                functions[call.function] = Function(busyUntil: call.time + call.duration, memory: call.memory)
                continue
            }
            let idle = call.time - function.busyUntil
            if idle > 0 {
                let windows = windows(policy, function.history)
                if idle < windows.preWarm || idle > windows.preWarm + windows.keepAlive { cost.coldStarts += 1 }
                cost.idleMegabyteSeconds += function.memory * held(idle, windows)
                function.history.observe(idle)
            }
            function.busyUntil = max(function.busyUntil, call.time + call.duration)
            function.memory = call.memory
            functions[call.function] = function
        }
        // What is still there when the trace ends was held until then.
        for function in functions.values {
            cost.idleMegabyteSeconds += function.memory * held(end - function.busyUntil, windows(policy, function.history))
        }
        return cost
    }

    private static func windows(_ policy: Policy, _ history: IdleHistogram) -> IdleHistogram.Windows {
        switch policy {
        case .fixed(let seconds): .init(preWarm: 0, keepAlive: seconds)
        case .histogram(let otherwise): history.windows ?? .init(preWarm: 0, keepAlive: otherwise)
        }
    }

    /// Seconds of `idle` in which an instance was there.
    private static func held(_ idle: Double, _ windows: IdleHistogram.Windows) -> Double {
        min(max(0, idle - windows.preWarm), windows.keepAlive)
    }
}
