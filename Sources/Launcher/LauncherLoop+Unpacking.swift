// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

extension LauncherLoop {
    func unpack(_ order: UnpackOrder) throws(SystemCallError) {
        if isStopping { return try tell(.jobFailed(job: order.job, reason: "the host is stopping")) }
        if waitingOrders.count >= 1024 {
            return try tell(.jobFailed(job: order.job, reason: "1024 layers wait to be unpacked, which is the limit"))
        }
        waitingOrders.append(order)
        try startWaitingJobs()
    }

    private func startWaitingJobs() throws(SystemCallError) {
        while jobs.count < Self.jobLimit, !waitingOrders.isEmpty {
            let order = waitingOrders.removeFirst()
            do { try startJob(order) } catch { try tell(.jobFailed(job: order.job, reason: "\(error)")) }
        }
    }

    private func startJob(_ order: UnpackOrder) throws {
        guard unpacker != nil else {
            throw UnpackFailure(reason: "swiftlet-unpack does not lie beside swiftlet-launcher: build or install it")
        }
        let number = newNumber()
        let temporary = ".tmp-\(number)"
        let job = try UnpackJob(
            order: order, temporary: temporary, program: unpacker!, null: null, layers: state.layers.number, starter: starter)
        jobs[number] = job
        try poller.add(job.complaints.number, token: Self.token(.jobComplaints, number))
        try poller.add(job.process.number, token: Self.token(.jobProcess, number))
    }

    func jobWrote(_ number: UInt32) throws(SystemCallError) {
        guard let job = jobs[number] else { return }
        if !job.drainComplaints() { try poller.remove(job.complaints.number) }
    }

    func jobEnded(_ number: UInt32) throws(SystemCallError) {
        guard let job = jobs[number], let end = try job.process.reap() else { return }
        try poller.remove(job.process.number)
        do { try poller.remove(job.complaints.number) } catch  where error.errno == ENOENT {}
        jobs[number] = nil
        var result = job.finish(end)
        if case .success = result { do { try putInPlace(job) } catch { result = .failure(UnpackFailure(reason: "\(error)")) } }
        // What is still there is broken, or another job was first.
        do { try trash.throwAway(state.layers.number, job.temporary) } catch { log("\(error)") }
        switch result {
        case .success(let layer): try tell(.unpacked(job: job.order.job, layer))
        case .failure(let failure): try tell(.jobFailed(job: job.order.job, reason: failure.reason))
        }
        try startWaitingJobs()
    }

    /// The name appears in one step, and only after the files are on disk (the unpacker has synced them). An existing layer is kept.
    private func putInPlace(_ job: UnpackJob) throws(SystemCallError) {
        let name = job.order.diffID.hex
        if faccessat(state.layers.number, name, F_OK, 0) == 0 { return }
        try rename(state.layers.number, job.temporary, to: state.layers.number, name)
        try state.layers.sync()
    }

    func removeLayer(job: UInt64, _ diffID: Digest) throws(SystemCallError) {
        do {
            try starter.roots.forget(diffID)
            try trash.throwAway(state.layers.number, diffID.hex, tree: diffID)
            try state.layers.sync()
            try tell(.removed(job: job))
        } catch { try tell(.jobFailed(job: job, reason: "\(error)")) }
    }

    func listLayers(job: UInt64) throws(SystemCallError) {
        var digests = try directoryEntries(state.layers).compactMap { Digest(hex: $0) }[...]
        repeat {
            let part = digests.prefix(WireBounds.digestsInMessage)
            digests = digests.dropFirst(part.count)
            try tell(.layers(job: job, Array(part), last: digests.isEmpty))
        } while !digests.isEmpty
    }
}
