// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import Glibc
internal import NIOCore
internal import Sandbox

/// Why an instance did not come to be ready, as the service tells it.
///
/// Source: Function Compute contract §8.2 and §8.5 (412 `FunctionNotStarted`, `CAExited`, `CAFileNotFound`, `CAFilePermission`).
enum StartFailure {
    static func launch(_ failure: LaunchFailure, of version: RunnableVersion) -> ServiceError {
        let code =
            switch failure.errno {
            case ENOENT: "CAFileNotFound"
            case EACCES: "CAFilePermission"
            default: "FunctionNotStarted"
            }
        return ServiceError(
            status: 412, code: code, message: "The function instance cannot be started: \(failure). Start command: \(command(version)).")
    }

    static func exited(_ exit: InstanceExit, of version: RunnableVersion, output: String) -> ServiceError {
        ServiceError(
            status: 412, code: "CAExited",
            message: "Function instance exited unexpectedly (\(words(exit, version))) with start command \(command(version))."
                + " The function either cannot be started or exited. Logs:\n\(output)")
    }

    static func neverListened(on port: Int, within limit: TimeAmount, of version: RunnableVersion, output: String) -> ServiceError {
        let seconds = Double(limit.nanoseconds) / 1e9
        return ServiceError(
            status: 412, code: "FunctionNotStarted",
            message: "Function instance health check failed on port \(port) in \(number(seconds)) seconds: nothing listens there."
                + " The program must listen on 0.0.0.0:\(port), or the function's port be changed. Start command: \(command(version)). Logs:\n\(output)"
        )
    }

    static func neverHealthy(_ last: String, within limit: TimeAmount, of version: RunnableVersion, output: String) -> ServiceError {
        let seconds = Double(limit.nanoseconds) / 1e9
        return ServiceError(
            status: 412, code: "FunctionNotStarted",
            message: "The function http server cannot be started. check function health failed \(last)"
                + " (GET \(version.configuration.healthCheck?.path ?? "/"), given \(number(seconds)) seconds). Logs:\n\(output)")
    }

    /// It is the function's own failure, told as its answer (contract §7.4); the status is that of an HTTP call.
    static func initializer(_ failure: String, of version: RunnableVersion, output: String) -> ServiceError {
        ServiceError(
            status: 502, code: "InitializationError",
            message: "The initializer of function '\(version.key.function)' failed: \(failure)"
                + " (limit: \(version.configuration.initializer?.timeout ?? 0) s). Logs:\n\(output)")
    }

    /// How a program ended, for people.
    static func words(_ exit: InstanceExit, _ version: RunnableVersion) -> String {
        switch exit {
        case .exited(let status): "exit code \(status)"
        case .signaled(let signal): "killed by signal \(signal)"
        case .outOfMemory: "out of memory: more than its limit of \(version.configuration.memorySize) MB"
        }
    }

    private static func number(_ seconds: Double) -> String {
        seconds == seconds.rounded() ? String(Int(seconds)) : String(seconds)
    }

    private static func command(_ version: RunnableVersion) -> String {
        "'" + version.arguments.joined(separator: " ").prefix(500) + "'"
    }
}
