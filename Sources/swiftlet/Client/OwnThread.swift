// SPDX-License-Identifier: Apache-2.0
import NIOPosix

/// Runs work that blocks on a thread of its own, so that no task has to wait for it.
func onOwnThread<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
    let threads = NIOThreadPool(numberOfThreads: 1)
    threads.start()
    do {
        let result = try await threads.runIfActive(work)
        try await threads.shutdownGracefully()
        return result
    } catch {
        try await threads.shutdownGracefully()
        throw error
    }
}
