// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Sandbox

/// How layers come, several of one where one is slow.
extension LayerShelf {
    /// - Returns: whether there is a place for its pipe.
    func announce(_ arrival: LayerArrival, _ number: Int, _ diffID: Digest) -> Bool {
        guard let index = unpacking[diffID]?.firstIndex(where: { $0.number == number }) else { return false }
        var arrival = arrival
        // Somebody else may have been first already: then it needs no unpacker.
        arrival.isPiped = present[diffID] == nil && PipePlaces.haveRoom(forUpload: false, beside: unpacking.values.joined())
        unpacking[diffID]?[index].replacement = present[diffID]
        unpacking[diffID]?[index].arrival = arrival
        if present[diffID] != nil, arrival.kept == nil { unpacking[diffID]?[index].task.cancel() }
        return arrival.isPiped
    }

    /// The pipe of a layer that has a place for one.
    func attach(_ pipe: LayerPipe, _ number: Int, _ diffID: Digest) async {
        guard let index = unpacking[diffID]?.firstIndex(where: { $0.number == number }) else { return }
        // Somebody else may have been first meanwhile.
        if unpacking[diffID]?[index].replacement != nil { return await pipe.end() }
        unpacking[diffID]?[index].arrival?.pipe = pipe
    }

    func isReplaced(_ number: Int, _ diffID: Digest) -> Bool {
        unpacking[diffID]?.first { $0.number == number }?.replacement != nil
    }

    /// Others who bring the layer need not any more, and give their unpackers back; who waits for them has it.
    func replace(_ diffID: Digest, by unpacked: UnpackedLayer) async {
        guard let works = unpacking[diffID] else { return }
        for index in works.indices {
            if works[index].arrival != nil {
                unpacking[diffID]?[index].replacement = unpacked
                // It goes on without a pipe, and is not to keep one from others.
                unpacking[diffID]?[index].arrival?.pipe = nil
                unpacking[diffID]?[index].arrival?.isPiped = false
            }
            for tell in works[index].others { tell(unpacked) }
        }
        for work in works {
            guard let arrival = work.arrival else { continue }
            await arrival.pipe?.end()
            // A download waits for its registry still.
            if arrival.kept == nil { work.task.cancel() }
        }
    }
}
