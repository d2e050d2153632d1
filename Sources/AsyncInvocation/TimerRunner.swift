// SPDX-License-Identifier: Apache-2.0
package import FunctionModel
package import InvocationQueue
package import Logging
package import Schedules

/// A timer trigger that is enabled.
package struct TimerDefinition: Hashable, Sendable {
    /// Made once with the trigger.
    package var id: String
    package var name: String
    package var function: String
    package var qualifier: String
    package var schedule: Schedule
    package var payload: String
    /// When it was made, or last changed: ticks count from here.
    package var since: Timestamp

    package init(
        id: String, name: String, function: String, qualifier: String, schedule: Schedule, payload: String, since: Timestamp
    ) {
        self.id = id
        self.name = name
        self.function = function
        self.qualifier = qualifier
        self.schedule = schedule
        self.payload = payload
        self.since = since
    }
}

extension TimerDefinition {
    /// - Throws: `ScheduleError`.
    init(_ timer: RoutedTimer, of function: String) throws {
        self.init(
            id: timer.id, name: timer.name, function: function, qualifier: timer.qualifier,
            schedule: try Schedule(timer: timer.timer.cronExpression), payload: timer.timer.payload, since: timer.since)
    }
}

/// Enqueues one invocation for each tick of each timer. The queue notes the tick in the transaction that takes the invocation in, so that a tick is
/// neither lost nor repeated when the host ends in between.
package actor TimerRunner {
    /// The clock may be set: nothing is slept for longer than this without looking at it.
    private static let longestSleep: Int64 = 5_000

    private struct Timer {
        var definition: TimerDefinition
        /// The last tick that is done with.
        var last: Timestamp
        var next: Timestamp?
    }

    private let queue: any InvocationQueue
    private let missed: MissedTicks
    private let now: @Sendable () -> Timestamp
    private let random: @Sendable () -> UInt64
    private let logger: Logger
    private var timers: [String: Timer] = [:]
    private var sleep: Task<Void, Never>?
    private var isStopped = false
    /// Before the first ``run()`` nothing is enqueued, and what the queue noted is not known.
    private var noted: [String: Timestamp]?

    package init(
        queue: any InvocationQueue, missed: MissedTicks, now: @escaping @Sendable () -> Timestamp,
        random: @escaping @Sendable () -> UInt64, logger: Logger
    ) {
        self.queue = queue
        self.missed = missed
        self.now = now
        self.random = random
        self.logger = logger
    }

    package func replace(with definitions: [TimerDefinition]) {
        var replaced: [String: Timer] = [:]
        for definition in definitions {
            if let known = timers[definition.id], known.definition == definition {
                replaced[definition.id] = known
            } else {
                replaced[definition.id] = timer(definition)
            }
        }
        timers = replaced
        sleep?.cancel()
    }

    private func timer(_ definition: TimerDefinition) -> Timer {
        let known = timers[definition.id]?.last ?? noted?[definition.id] ?? definition.since
        var timer = Timer(definition: definition, last: max(known, definition.since))
        timer.next = definition.schedule.next(after: timer.last, anchor: definition.since)
        return timer
    }

    /// Whether everything that is due has been enqueued.
    package var isAsleep: Bool { sleep != nil }

    /// Runs until ``stop()``.
    package func run() async {
        while !isStopped, noted == nil {
            do { noted = try await queue.lastTicks() } catch {
                logger.error("the last ticks of timers cannot be read yet", metadata: ["error": "\(error)"])
                await pause(1000)
            }
        }
        for timer in timers.values { timers[timer.definition.id] = self.timer(timer.definition) }
        for id in timers.keys { catchUp(id) }
        while !isStopped {
            await enqueueDue()
            let time = timers.values.compactMap(\.next).min()
            await pause(min(Self.longestSleep, max(1, (time?.milliseconds ?? .max) - now().milliseconds)))
        }
    }

    package func stop() {
        isStopped = true
        sleep?.cancel()
    }

    /// Ticks that passed while no host ran become one, or none.
    private func catchUp(_ id: String) {
        guard var timer = timers[id], let next = timer.next, next < now() else { return }
        let definition = timer.definition
        guard let (tick, count) = definition.schedule.last(after: timer.last, upTo: now(), anchor: definition.since) else { return }
        logger.notice(
            "ticks of a timer passed while no host ran",
            metadata: [
                "function": "\(definition.function)", "timer": "\(definition.name)", "ticks": "\(count)", "then": "\(missed.rawValue)",
            ])
        switch missed {
        case .once: timer.next = tick
        case .skip:
            timer.last = tick
            timer.next = definition.schedule.next(after: tick, anchor: definition.since)
        }
        timers[id] = timer
    }

    private func enqueueDue() async {
        for id in timers.keys {
            while !isStopped, let timer = timers[id], let tick = timer.next, tick <= now() {
                do {
                    _ = try await queue.enqueue(invocation(timer.definition, tick))
                } catch {
                    logger.error(
                        "a tick of a timer cannot be enqueued yet",
                        metadata: ["function": "\(timer.definition.function)", "timer": "\(timer.definition.name)", "error": "\(error)"])
                    await pause(1000)
                    continue
                }
                guard timers[id]?.definition == timer.definition else { continue }
                timers[id]?.last = tick
                timers[id]?.next = timer.definition.schedule.next(after: tick, anchor: timer.definition.since)
            }
        }
    }

    /// Source of the event: Function Compute contract §7.8.
    private func invocation(_ definition: TimerDefinition, _ tick: Timestamp) -> NewInvocation {
        var generator = Generator(next: random)
        let id = RequestID(seconds: tick.milliseconds / 1000, using: &generator)
        let event: JSONValue = [
            "triggerTime": .string(tick.rfc3339), "triggerName": .string(definition.name), "payload": .string(definition.payload),
        ]
        var invocation = NewInvocation(
            lane: definition.function, qualifier: definition.qualifier, task: id.text, request: id, head: .event(fields: []),
            payload: Array(event.text.utf8), accepted: now())
        invocation.tick = TimerTick(timer: definition.id, time: tick)
        return invocation
    }

    /// Until the time has passed, the timers have changed, or it is all over.
    private func pause(_ milliseconds: Int64) async {
        guard !isStopped else { return }
        let sleep = Task { do { try await Task.sleep(for: .milliseconds(milliseconds)) } catch { return } }
        self.sleep = sleep
        await sleep.value
        self.sleep = nil
    }
}
