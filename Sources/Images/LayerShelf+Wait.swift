// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Sandbox

/// Waiting for a layer that somebody is about.
extension LayerShelf {
    /// Waits for the one who began it, and where all who waited are cancelled, for the end of the work.
    func wait(for task: Task<UnpackedLayer, any Error>, _ diffID: Digest) async -> Result<UnpackedLayer, any Error> {
        await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            Task { await leave(task, diffID) }
        }
    }

    /// Waits for another, who may be slow.
    ///
    /// - Parameter howeverSlow: whether it is waited for also then.
    /// - Returns: nil where it is.
    func wait(forOther work: LayerWork, _ diffID: Digest, howeverSlow: Bool = false) async -> Result<UnpackedLayer, any Error>? {
        let (ends, sender) = AsyncStream.makeStream(of: WaitEnd.self)
        change(work.task, diffID) { work in
            work.waiters += 1
            work.others.append { sender.yield(.replaced($0)) }
        }
        Task { sender.yield(.ended(await work.task.result)) }
        let watch = Task {
            while howeverSlow || !isSlow(work.task, diffID) { try await patience.sleep(patience.window / 5) }
            sender.yield(.slow)
        }
        var iterator = ends.makeAsyncIterator()
        let end = await iterator.next()
        watch.cancel()
        switch end {
        case .ended(let result): return result
        case .replaced(let unpacked):
            leave(work.task, diffID)
            return .success(unpacked)
        case .slow:
            leave(work.task, diffID)
            return nil
        case nil:
            // This one is cancelled. Who was the last to need the layer returns when nothing of it is being made any more.
            if leave(work.task, diffID) { _ = await work.task.result }
            return .failure(CancellationError())
        }
    }

    private enum WaitEnd: Sendable {
        case ended(Result<UnpackedLayer, any Error>)
        /// Somebody else has put the layer in place.
        case replaced(UnpackedLayer)
        case slow
    }

    private func isSlow(_ task: Task<UnpackedLayer, any Error>, _ diffID: Digest) -> Bool {
        unpacking[diffID]?.first { $0.task == task }?.arrival?.watch.isSlow == true
    }

    func change(_ task: Task<UnpackedLayer, any Error>, _ diffID: Digest, _ body: (inout LayerWork) -> Void) {
        guard let index = unpacking[diffID]?.firstIndex(where: { $0.task == task }), var work = unpacking[diffID]?[index] else { return }
        body(&work)
        unpacking[diffID]?[index] = work
    }

    /// - Returns: whether that was the last who waited, and the work is cancelled.
    @discardableResult
    func leave(_ task: Task<UnpackedLayer, any Error>, _ diffID: Digest) -> Bool {
        var isLast = false
        change(task, diffID) { work in
            work.waiters -= 1
            isLast = work.waiters <= 0
        }
        if isLast { task.cancel() }
        return isLast
    }
}
