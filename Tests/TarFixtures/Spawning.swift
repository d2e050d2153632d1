// SPDX-License-Identifier: Apache-2.0
public import Foundation

private let turn = NSLock()

/// Makes a program's pipes and starts it, one program at a time in the whole test process.
///
/// Foundation closes in the new process the descriptors that were open a moment before. A pipe that another thread makes in that moment stays open
/// in a program that knows nothing of it, and who reads that pipe to its end then waits for the end of the wrong program.
public func spawning<Value>(_ body: () throws -> Value) rethrows -> Value {
    turn.lock()
    defer { turn.unlock() }
    return try body()
}

/// Reads what a program prints to its end, on a thread of its own.
///
/// Not by Foundation's `readabilityHandler`: where several of these begin and end at once, libdispatch now and then uses one of its watches on a
/// descriptor after it has freed it (swift-corelibs-libdispatch #949), and the whole test process ends.
///
/// - Parameter take: called with each piece, and with no bytes at the end.
public func readOutput(_ handle: FileHandle, _ take: @escaping @Sendable (Data) -> Void) {
    let number = dup(handle.fileDescriptor)
    Thread.detachNewThread {
        let own = FileHandle(fileDescriptor: number, closeOnDealloc: true)
        while true {
            let data = own.availableData
            take(data)
            if data.isEmpty { return }
        }
    }
}
