// SPDX-License-Identifier: Apache-2.0
internal import FunctionLog
public import FunctionModel
internal import LauncherClient
public import NIOCore
internal import Sandbox
internal import Synchronization

/// One event given to a program that has no server: started for it, run to its end, and gone with it.
///
/// Source: the custom container's "non-web server mode" in Function Compute's manual, which names the variable; that an exit code other than 0 is the
/// function's error, and what it printed its answer, is Swiftlet's.
public final class EventRun: Sendable {
    /// The variable that holds the event.
    public static let variable = "FC_CUSTOM_CONTAINER_EVENT"
    /// Bytes of an event: arguments and environment of a program have a bound of their own.
    public static let eventBytes = 96 << 10
    /// Bytes of what a program printed that are its answer.
    private static let outputBytes = 64 << 10

    public struct Outcome: Sendable {
        public enum Result: Sendable {
            /// What the program printed last, both streams.
            case completed(String)
            /// The function's own error, for people.
            case failed(String, timedOut: Bool)
            case refused(CallRefusal)
        }

        public var result: Result
        /// The last lines of the call's log.
        public var log: String
    }

    private struct Guarded {
        var log: (any InstanceLog)?
        var limit: Scheduled<Void>?
        var timedOut = false
        var done: (@Sendable (Outcome) -> Void)?
    }

    let id: InstanceID
    let createdTime: Int64
    private let version: RunnableVersion
    private let request: RequestID
    private let trace: String?
    private let host: HostContext
    private let home: any EventLoop
    private let guarded: Mutex<Guarded>

    init(
        _ id: InstanceID, _ version: RunnableVersion, _ request: RequestID, trace: String?, _ host: HostContext, home: any EventLoop,
        done: @escaping @Sendable (Outcome) -> Void
    ) {
        self.id = id
        createdTime = host.clock.unixMilliseconds()
        self.version = version
        self.request = request
        self.trace = trace
        self.host = host
        self.home = home
        guarded = Mutex(Guarded(done: done))
    }

    func begin(_ event: String) {
        let spec = InstanceEnvironment.spec(id, version, host.options, own: [(Self.variable, event)])
        host.launcher.start(spec) { event in self.home.execute { self.handle(event) } }
    }

    /// Nobody waits for it any more: it ends now.
    public func cancel() { host.launcher.stop(id, grace: .zero) }

    private func handle(_ event: InstanceEvent) {
        switch event {
        case .started(let standardOutput, let standardError, let sockets, _):
            sockets.forEach(LoopbackSocket.close)
            let log = host.log.begin(
                id, function: version.key.function, version: version.key.version, standardOutput: standardOutput,
                standardError: standardError)
            log.requestStarted(request, trace: trace)
            let limit = home.scheduleTask(in: .seconds(Int64(version.configuration.timeout))) { self.timeIsOver() }
            guarded.withLock { ($0.log, $0.limit) = (log, limit) }
        case .listening: break
        case .failed(let failure):
            finish(.refused(CallRefusal(error: StartFailure.launch(failure, of: version), retryAfter: nil)), log: "")
        case .exited(let exit): exited(exit)
        }
    }

    private func timeIsOver() {
        guarded.withLock { $0.timedOut = true }
        cancel()
    }

    private func exited(_ exit: InstanceExit) {
        let (log, timedOut) = guarded.withLock { guarded in
            guarded.limit?.cancel()
            return (guarded.log, guarded.timedOut)
        }
        let failure: String? =
            switch exit {
            case .exited(0): nil
            case _ where timedOut: "Function timed out after \(version.configuration.timeout) seconds"
            default: "Process exited unexpectedly before completing request: \(StartFailure.words(exit, version))"
            }
        guard let log else { return finish(.failed(failure ?? "", timedOut: timedOut), log: "") }
        log.requestFinished(request, error: failure)
        log.lastOutput(bytes: Self.outputBytes) { output in
            log.tail(self.request, bytes: 4096) { tail in
                log.end()
                self.finish(failure.map { .failed($0, timedOut: timedOut) } ?? .completed(output), log: tail)
            }
        }
    }

    private func finish(_ result: Outcome.Result, log: String) {
        let done = guarded.withLock { $0.done.take() }
        done?(Outcome(result: result, log: log))
    }
}

extension FunctionActivator {
    /// Runs the version's program for one event.
    ///
    /// - Parameters:
    ///   - trace: the trace it belongs to, for the log.
    ///   - done: called once, on any thread, perhaps before this returns.
    /// - Returns: nil where the call was refused.
    public func run(
        _ event: String, request: RequestID, trace: String? = nil, on loop: any EventLoop,
        done: @escaping @Sendable (EventRun.Outcome) -> Void
    ) -> EventRun? {
        guard quota.enter(concurrency: 1) else {
            done(EventRun.Outcome(result: .refused(quotaRefusal), log: ""))
            return nil
        }
        let most = version.configuration.maximumInstances ?? Int.max
        guard guarded.withLock({ $0.runs.count }) < most else { return refuse(.queueFull, done) }
        guard host.takePlace(for: version.key.function) else { return refuse(.hostFull, done) }
        let id = host.newInstanceID()
        let run = EventRun(id, version, request, trace: trace, host, home: loop) { [self] outcome in
            guarded.withLock { $0.runs[id] = nil }
            host.releasePlace(of: version.key.function)
            quota.leave()
            done(outcome)
        }
        guarded.withLock { $0.runs[id] = run }
        run.begin(event)
        return run
    }

    private func refuse(_ refusal: AdmissionState.Refusal, _ done: (EventRun.Outcome) -> Void) -> EventRun? {
        quota.leave()
        done(EventRun.Outcome(result: .refused(self.refusal(refusal)), log: ""))
        return nil
    }
}
