// SPDX-License-Identifier: Apache-2.0
internal import CSockets
internal import Glibc
internal import NIOCore

/// A thread of its own for what waits in the kernel most of the time.
enum LoopThread {
    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// - Throws: `IOError` where the system makes no more threads.
    static func start(name: String, _ body: @escaping @Sendable () -> Void) throws {
        let start = Unmanaged.passRetained(Start(name, body))
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { argument in
                // pthread_create hands over what it was given.
                let start = Unmanaged<Start>.fromOpaque(argument!).takeRetainedValue()
                csockets_name_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard result == 0 else {
            start.release()
            throw IOError(errnoCode: result, reason: "pthread_create")
        }
        pthread_detach(thread)
    }
}
