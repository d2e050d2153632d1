// SPDX-License-Identifier: Apache-2.0
internal import FunctionLog
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// The calls that the host makes to an instance before its first invocation and before its end, on `home`. Source: Function Compute contract §7.4.
extension ActiveInstance {
    private enum Hook: String {
        case initialize = "/initialize"
        case preStop = "/pre-stop"

        var method: HTTPMethod { self == .initialize ? .POST : .GET }
        var name: String { self == .initialize ? "Initialize" : "PreStop" }
    }

    /// Runs the initializer over the first connection; then the instance goes on to its health check.
    func initialize(_ hook: LifecycleHook, over socket: CInt) {
        progress.value = .initializing
        // It has a time limit of its own, which may be longer than that of the start.
        shared.withLock { $0.startUpLimit.take() }?.cancel()
        call(.initialize, hook, over: socket) { failure in
            guard case .initializing = self.progress.value else { return }
            guard let failure else { return self.checkOrServe(over: nil) }
            self.progress.value = .leaving
            self.withLastOutput { output in
                self.activator.initializationFailed(self, StartFailure.initializer(failure, of: self.version, output: output))
            }
        }
    }

    /// Runs the stop hook, whatever it answers, and then `then`.
    func beforeStop(_ hook: LifecycleHook, then: @escaping @Sendable () -> Void) {
        call(.preStop, hook, over: nil) { _ in then() }
    }

    /// - Parameter done: is told why it failed, in words; nil where it went well.
    private func call(_ which: Hook, _ hook: LifecycleHook, over socket: CInt?, done: @escaping @Sendable (String?) -> Void) {
        let request = host.newRequestID()
        log?.platform("FC \(which.name) Start RequestId: \(request)", request: request)
        var headers = CommonHeaders.credentials(of: version, host.options)
        headers += CommonHeaders.of(version, qualifier: nil, region: host.options.region, account: host.options.accountID)
        headers += [("x-fc-request-id", request.text), ("x-fc-control-path", which.rawValue)]
        OwnRequest.send(which.method, which.rawValue, headers, to: self, over: socket, within: hook.timeout) { outcome in
            let failure: String? =
                switch outcome {
                case .answered(let status) where (200...299).contains(status): nil
                case .answered(let status): "\(which.method.rawValue) \(which.rawValue) ended with status code: \(status)"
                case .unanswered(let words): "\(which.method.rawValue) \(which.rawValue) ended \(words)"
                }
            self.log?.platform(
                "FC \(which.name) End RequestId: \(request)\(failure.map { ", Error: \($0)" } ?? "")", request: request)
            done(failure)
        }
    }
}
