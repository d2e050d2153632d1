// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

extension LauncherLoop {
    /// Milliseconds after listen(2) until which what a program reads counts: the first answer is among it.
    static let recordingTime: UInt64 = 500

    /// A host that cannot read ahead goes on without, and tries again later.
    func startAhead() throws(SystemCallError) {
        guard let aheadTools, ahead == nil, !isStopping else { return }
        let helper: ReadAheadHelper
        do { helper = try ReadAheadHelper(aheadTools, null: null) } catch { return startAheadLater("\(error)", lifetime: 0) }
        do { try poller.add(helper.socket.number, token: Self.token(.aheadNews, 0)) } catch {
            try helper.endNow()
            return startAheadLater("\(error)", lifetime: 0)
        }
        ahead = helper
    }

    private func startAheadLater(_ reason: String, lifetime: UInt64) {
        let pause = aheadPace.pause(afterLifetime: lifetime)
        log("swiftlet-ahead: \(reason); no files are read ahead until it is started anew in \(pause) ms")
        after(milliseconds: pause, .startAhead)
    }

    /// The program is held until it is told which files it opens. Where that cannot be, it goes on without.
    func beginRecording(_ instance: Instance) {
        guard let use = instance.reading, use.records else { return }
        do {
            if let ahead, try ahead.record(use, process: instance.process.number) { return }
            instance.reading = nil
        } catch {
            instance.reading = nil
            log("which files \(instance.id) reads is not seen: \(error)")
        }
    }

    /// It listens, and answers soon.
    func endRecordingSoon(_ instance: Instance, _ number: UInt32) {
        guard let use = instance.reading, use.records else { return }
        ahead?.look(use, mapped(by: instance))
        after(milliseconds: Self.recordingTime, .endRecording(number))
    }

    func endRecording(_ number: UInt32, keeps: Bool) {
        guard let instance = instances[number], let use = instance.reading, use.records else { return }
        instance.reading = nil
        ahead?.finish(use, keeps: keeps, keeps ? mapped(by: instance) : [])
    }

    /// What says which pages an instance's processes have mapped. It is opened here, because who may open it of any process may do all that root may.
    ///
    /// - Returns: none where that cannot be said of any.
    private func mapped(by instance: Instance) -> [Descriptor.Box] {
        do { return try MappedFiles.open(of: instance.cgroup.processes) } catch {
            log("what \(instance.id) has mapped is not seen: \(error)")
            return []
        }
    }

    /// Its socket has something for us, or takes more.
    func aheadTold() throws(SystemCallError) {
        guard let ahead, !ahead.talk() else { return }
        try poller.remove(ahead.socket.number)
        try ahead.process.signal(SIGKILL)
        try poller.add(ahead.process.number, token: Self.token(.aheadProcess, 0))
        // What the next one knows programs by are other numbers.
        for instance in instances.values { instance.reading = nil }
        (self.ahead, aheadGone) = (nil, ahead)
    }

    func aheadEnded() throws(SystemCallError) {
        guard let gone = aheadGone, try gone.process.reap() != nil else { return }
        try poller.remove(gone.process.number)
        aheadGone = nil
        startAheadLater(gone.failure(), lifetime: monotonicNanoseconds() - gone.since)
    }

    /// Has the poller tell when its socket takes the orders that wait.
    func watchAheadOrders() throws(SystemCallError) {
        guard let ahead, ahead.hasOrders != ahead.isWaitingToWrite || ahead.takesNone else { return }
        if ahead.takesNone { return try aheadTold() }
        ahead.isWaitingToWrite = ahead.hasOrders
        try poller.change(ahead.socket.number, token: Self.token(.aheadNews, 0), alsoWritable: ahead.hasOrders)
    }
}
