// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import Synchronization

/// The log of one running instance: two pipes that are read whatever comes out of them.
///
/// Bytes are read under one lock, by the pump's thread when they come, and by the caller where an order must hold: what the program printed before
/// a request began, or before its answer, is read before that moment is written down. A caller reads at most what the pipes hold.
final class DrainedInstanceLog: InstanceLog {
    private struct State {
        var output: InstanceOutput
        var pipes: [OutputPipe]
        /// By descriptor: the pump's number for it, while it watches it.
        var watched: [CInt: UInt64] = [:]

        /// One question to the kernel, for both pipes, says most times that there is nothing.
        mutating func drain() {
            guard OutputPipe.hasBytes(pipes) else { return }
            for index in pipes.indices {
                let stream = pipes[index].stream
                pipes[index].drain { line in output.printed(line, stream) }
            }
        }
    }

    /// What the pump's thread shares with the callers. The pump holds this and not the log: one that it knew of weakly would be counted more slowly with
    /// each call.
    private final class Shared: Sendable {
        let state: Mutex<State>

        init(_ state: sending State) { self.state = Mutex(state) }

        func ready(_ stream: LogLine.Stream, _ pump: OutputPump) {
            state.withLock { state in
                guard let index = state.pipes.firstIndex(where: { $0.stream == stream }) else { return }
                let progress = state.pipes[index].readSome { line in state.output.printed(line, stream) }
                let descriptor = state.pipes[index].descriptor
                // At its end a pipe would wake the pump for ever.
                if case .ended = progress, let key = state.watched.removeValue(forKey: descriptor) { pump.unwatch(descriptor, key: key) }
            }
        }
    }

    private let pump: OutputPump
    private let shared: Shared

    init(_ output: InstanceOutput, standardOutput: CInt, standardError: CInt, pump: OutputPump) {
        self.pump = pump
        let pipes = [OutputPipe(stream: .stdout, descriptor: standardOutput), OutputPipe(stream: .stderr, descriptor: standardError)]
        shared = Shared(State(output: output, pipes: pipes))
        for pipe in pipes { watch(pipe) }
    }

    deinit { end() }

    func requestStarted(_ request: RequestID, trace: String?) {
        shared.state.withLock { state in
            // What is printed while several run is nobody's: it need not be read before this moment is written down.
            if state.output.running <= 1 { state.drain() }
            state.output.requestStarted(request, trace: trace)
        }
    }

    func requestFinished(_ request: RequestID, error: String?) {
        shared.state.withLock { state in
            if state.output.running <= 2 { state.drain() }
            state.output.requestFinished(request, error: error)
        }
    }

    func platform(_ message: String, request: RequestID?) {
        shared.state.withLock { state in
            state.drain()
            state.output.platform(message, request: request)
        }
    }

    func lastOutput(bytes: Int, completion: @escaping @Sendable (String) -> Void) {
        let text = shared.state.withLock { state in
            state.drain()
            return state.output.lastOutput(bytes: bytes)
        }
        completion(text)
    }

    func tail(_ request: RequestID, bytes: Int, completion: @escaping @Sendable (String) -> Void) {
        let text = shared.state.withLock { state in
            state.drain()
            return state.output.tail(request, bytes: bytes)
        }
        completion(text)
    }

    func end() {
        shared.state.withLock { state in
            guard !state.pipes.isEmpty else { return }
            state.drain()
            for index in state.pipes.indices {
                let (stream, descriptor) = (state.pipes[index].stream, state.pipes[index].descriptor)
                state.pipes[index].finish { line in state.output.printed(line, stream) }
                if let key = state.watched.removeValue(forKey: descriptor) { pump.unwatch(descriptor, key: key) }
                close(descriptor)
            }
            state.pipes = []
            state.output.ended()
        }
    }

    private func watch(_ pipe: OutputPipe) {
        shared.state.withLock { state in
            if let key = pump.watch(pipe.descriptor, ready: { [shared, pump] in shared.ready(pipe.stream, pump) }) {
                state.watched[pipe.descriptor] = key
            } else {
                state.output.platform(
                    "the program's \(pipe.stream.rawValue) can only be read between requests: errno \(errno)", request: nil)
            }
        }
    }
}
