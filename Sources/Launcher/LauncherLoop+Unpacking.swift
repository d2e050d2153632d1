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
        var running = (files: 0, pipes: 0)
        for job in jobs.values { if job.order.comesByPipe { running.pipes += 1 } else { running.files += 1 } }
        func hasPlace(_ order: UnpackOrder) -> Bool {
            order.comesByPipe ? running.pipes < Self.jobLimits.pipes : running.files < Self.jobLimits.files
        }
        while let index = waitingOrders.firstIndex(where: hasPlace) {
            let order = waitingOrders.remove(at: index)
            do {
                try startJob(order)
                // One that was not started ends never, and takes no place from those that wait behind it.
                if order.comesByPipe { running.pipes += 1 } else { running.files += 1 }
            } catch { try tell(.jobFailed(job: order.job, reason: "\(error)")) }
        }
    }

    private func startJob(_ order: UnpackOrder) throws {
        guard let tools else {
            throw UnpackFailure(reason: "swiftlet-unpack does not lie beside swiftlet-launcher: build or install it")
        }
        let number = newNumber()
        let temporary = ".tmp-\(number)"
        let job: UnpackJob
        do {
            job = try UnpackJob(
                order: order, temporary: temporary, tools: tools, null: null, layers: state.layers.number)
        } catch {
            try trash.throwAway(state.layers.number, temporary)
            throw error
        }
        jobs[number] = job
        do {
            for process in job.processes {
                try poller.add(process.complaints.number, token: Self.token(.jobComplaints, number))
                try poller.add(process.process.number, token: Self.token(.jobProcess, number))
            }
        } catch {
            // Nobody would see it end. What was added of it goes from the poller when its descriptors are closed.
            jobs[number] = nil
            for process in job.processes { try process.endNow() }
            try trash.throwAway(state.layers.number, temporary)
            throw error
        }
        after(milliseconds: order.limits[.seconds] * 1000, .endJob(number))
    }

    func jobWrote(_ number: UInt32) throws(SystemCallError) {
        guard let job = jobs[number] else { return }
        for process in job.processes where !process.isSilent && !process.drainComplaints() {
            process.isSilent = true
            try poller.remove(process.complaints.number)
        }
    }

    func endJob(_ number: UInt32) throws(SystemCallError) {
        guard let job = jobs[number] else { return }
        job.isOverdue = true
        try job.kill()
    }

    /// Nobody needs the layer any more. One that is whole already is put in place all the same.
    func cancelJob(_ job: UInt64) throws(SystemCallError) {
        if let index = waitingOrders.firstIndex(where: { $0.job == job }) {
            waitingOrders.remove(at: index)
            return try tell(.jobFailed(job: job, reason: "it is not needed any more"))
        }
        for running in jobs.values where running.order.job == job && !running.isOrphan { try running.kill() }
    }

    func jobEnded(_ number: UInt32) throws(SystemCallError) {
        guard let job = jobs[number] else { return }
        for process in try job.reap() {
            try poller.remove(process.process.number)
            if !process.isSilent { try poller.remove(process.complaints.number) }
            process.isSilent = true
        }
        guard job.processes.allSatisfy({ $0.end != nil }) else { return }
        jobs[number] = nil
        deadlines.removeAll { if case .endJob(number) = $0.action { true } else { false } }
        let result = Result {
            let layer = try job.finish()
            if !job.isOrphan { try putInPlace(job) }
            return layer
        }
        // What is still there is broken, or another job was first.
        do { try trash.throwAway(state.layers.number, job.temporary) } catch { log("\(error)") }
        switch result {
        case _ where job.isOrphan: break
        case .success(let layer): try tell(.unpacked(job: job.order.job, layer))
        case .failure(let failure):
            try tell(.jobFailed(job: job.order.job, reason: "\(failure)", lacksRoom: (failure as? UnpackFailure)?.lacksRoom ?? false))
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
            ahead?.forget(diffID)
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
