// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// What waits to be written of one function's log, with a bound, and what had to be dropped. A pure value.
struct LogQueue {
    /// Lines that were not kept, and why.
    private struct Dropped {
        var count: Int
        var reason: String
        /// One of them: the notice takes instance and version from it.
        var sample: LogLine
    }

    /// Lines taken out to be written together.
    struct Batch {
        var bytes: [UInt8]
        var lines: Int
        /// The last line among them, or what the first mark's instance has in common: a notice about this batch takes instance and version from it.
        var sample: LogLine
        let number: Int
        /// Of the instances whose calls have marks among the lines.
        var frames: [PlatformFrame] = []
        /// Whether others than marks are among them.
        var hasLines = false
    }

    /// The batch that an instance's frame was last put into.
    struct FramePlace {
        fileprivate var batch = -1
    }

    /// Bytes beyond which nothing more is taken in.
    let limit: Int
    private var batch: Batch?
    /// The memory of a batch that has been written, for the next one.
    private var spare: [UInt8] = []
    private static let leastSpare = 64 << 10
    /// What holds a batch that did not wait any longer, as an array grows.
    private static let mostSpare = 4 * LogPace.size
    private var dropped: Dropped?
    private var begun = 0

    init(limit: Int) { self.limit = limit }

    var isEmpty: Bool { batch == nil }
    /// Bytes that wait.
    var count: Int { batch?.bytes.count ?? 0 }
    var hasLines: Bool { batch?.hasLines ?? false }

    /// Takes a line in, or counts it as dropped. The first line taken in after a loss has the notice of it before it.
    mutating func append(_ line: LogLine, at time: @autoclosure () -> LogTime) {
        if let batch, batch.bytes.count >= limit { return drop(1, because: "the disk did not keep up", sample: line) }
        var next = batch.take() ?? begin(line)
        if let loss = dropped {
            let notice = LogLine(
                time: time().text, stream: .platform, version: loss.sample.version, instance: loss.sample.instance, request: nil,
                message: "\(loss.count) log lines were dropped here: \(loss.reason)")
            notice.write(to: &next.bytes)
            dropped = nil
        }
        line.write(to: &next.bytes)
        next.lines += 1
        next.sample = line
        next.hasLines = true
        batch = next
    }

    private mutating func begin(_ sample: LogLine) -> Batch {
        defer { (spare, begun) = ([], begun + 1) }
        return Batch(bytes: spare, lines: 0, sample: sample, number: begun)
    }

    /// Takes in the mark of a call, where nothing is amiss.
    ///
    /// - Returns: false where it must come as a ``LogLine``: to be counted, or to have the notice of a loss before it, or since its id is not a usual one.
    mutating func append(
        _ mark: CallMark, _ time: LogTime, _ request: RequestID, _ frame: PlatformFrame, _ place: inout FramePlace
    ) -> Bool {
        guard dropped == nil, count < limit, let id = request.digits else { return false }
        if batch == nil { batch = begin(frame.common) }
        batch?.append(mark, time, id, frame, &place)
        return true
    }

    mutating func take() -> Batch? {
        defer { batch = nil }
        return batch
    }

    /// A batch that was taken is written.
    mutating func reuse(_ written: consuming Batch) {
        var bytes = written.bytes
        written.bytes = []
        // Where less comes than came before, less is kept.
        guard bytes.capacity <= max(Self.leastSpare, min(Self.mostSpare, 4 * bytes.count)) else { return }
        bytes.removeAll(keepingCapacity: true)
        spare = bytes
    }

    /// Nothing more is expected soon: the memory is given back.
    mutating func rest() { spare = [] }

    /// A batch that was taken could not be written.
    mutating func lost(_ batch: Batch, because reason: String) { drop(batch.lines, because: reason, sample: batch.sample) }

    private mutating func drop(_ count: Int, because reason: String, sample: LogLine) {
        dropped = Dropped(count: (dropped?.count ?? 0) + count, reason: reason, sample: sample)
    }
}

extension LogQueue.Batch {
    fileprivate mutating func append(
        _ mark: CallMark, _ time: LogTime, _ id: RequestID.Digits, _ frame: PlatformFrame, _ place: inout LogQueue.FramePlace
    ) {
        if place.batch != number {
            place.batch = number
            frames.append(frame)
        }
        mark.write(time, id, frame, to: &bytes)
        lines += 1
    }
}
