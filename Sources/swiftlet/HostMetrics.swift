// SPDX-License-Identifier: Apache-2.0
import Activation
import Catalog
import FunctionModel
import Gateway
import Glibc
import Images
import LauncherClient
import Prometheus

/// Every name under which the host tells numbers, and those numbers that are looked up when they are read.
enum HostMetrics {
    static let families: [MetricFamily] = [
        MetricFamily("swiftlet_invocations_total", "Calls that have ended, by function, version, kind and outcome."),
        MetricFamily("swiftlet_invocation_duration_seconds", "From the arrival of a call's head to the end of its answer."),
        MetricFamily("swiftlet_invocation_wait_seconds", "How long calls waited that found no free instance."),
        MetricFamily("swiftlet_errors_total", "Requests that the host itself answered by an error, by its code."),
        MetricFamily("swiftlet_cold_starts_total", "Calls that had an instance started for them."),
        MetricFamily(
            "swiftlet_cold_start_phase_seconds", "Where the time of cold starts went.", buckets: MetricFamily.phaseSeconds),
        MetricFamily("swiftlet_instance_starts_total", "Instances that were asked of the launcher."),
        MetricFamily("swiftlet_instance_start_failures_total", "Instances that never came to answer, by the step that failed."),
        MetricFamily("swiftlet_instance_exits_total", "Instances whose program has ended, by how."),
        MetricFamily("swiftlet_instances", "Instances alive, by function and state."),
        MetricFamily("swiftlet_instance_calls", "Calls that instances serve at this moment."),
        MetricFamily("swiftlet_instances_limit", "The most instances that may be alive at once."),
        MetricFamily("swiftlet_functions", "Functions that are defined, by state."),
        MetricFamily("swiftlet_images", "Images in the store."),
        MetricFamily("swiftlet_image_layers", "Unpacked layers in the store."),
        MetricFamily("swiftlet_image_store_bytes", "Bytes of the regular files of all unpacked layers, each counted once."),
        MetricFamily("swiftlet_gateway_connections", "Open connections of the gateway: of clients, and idle ones to instances."),
        MetricFamily("swiftlet_launcher_up", "1 while the launcher is there."),
        MetricFamily("swiftlet_launcher_pending", "What the launcher was asked for and has not answered yet, by kind."),
        MetricFamily("swiftlet_build_info", "1, with the version of this build."),
        MetricFamily("process_cpu_seconds_total", "Processor time of the daemon, in and out of the kernel."),
        MetricFamily("process_resident_memory_bytes", "Resident memory of the daemon."),
        MetricFamily("process_open_fds", "Open descriptors of the daemon."),
        MetricFamily("process_max_fds", "The most descriptors that the daemon may have open."),
        MetricFamily("process_start_time_seconds", "When the daemon was started: seconds since 1970, UTC."),
    ]

    static let history = FunctionHistory.Names(
        invocations: "swiftlet_invocations_total", coldStarts: "swiftlet_cold_starts_total", waiting: "swiftlet_queue_depth",
        oldestAge: "swiftlet_queue_oldest_age_seconds")

    /// What is looked up for each reading.
    static func collect(
        into registry: PrometheusRegistry, catalog: Catalog, activation: ActivationService, gateway: Gateway, images: ImageLibrary,
        launcher: LauncherClient, started: Timestamp
    ) {
        registry.setGauges("swiftlet_build_info", [([("version", swiftletVersion)], 1)])
        registry.setGauges("process_start_time_seconds", [([], Double(started.milliseconds) / 1000)])
        registry.setGauges("swiftlet_instances_limit", [([], Double(activation.options.maximumInstances))])
        registry.beforeReading {
            instances(activation, registry)
            let pending = launcher.pending
            registry.setGauges("swiftlet_launcher_up", [([], pending == nil ? 0 : 1)])
            registry.setGauges(
                "swiftlet_launcher_pending",
                [
                    ([("kind", "jobs")], Double(pending?.jobs ?? 0)), ([("kind", "sockets")], Double(pending?.sockets ?? 0)),
                    ([("kind", "unsent_messages")], Double(pending?.unsentMessages ?? 0)),
                ])
            let connections = await gateway.connections()
            registry.setGauges(
                "swiftlet_gateway_connections",
                [([("peer", "client")], Double(connections.clients)), ([("peer", "idle_upstream")], Double(connections.idleUpstreams))])
            process(registry)
            await store(catalog, images, registry)
        }
    }

    private static func instances(_ activation: ActivationService, _ registry: PrometheusRegistry) {
        struct Key: Hashable {
            var function: String
            var state: String
        }
        var (alive, calls): ([Key: Int], [String: Int]) = ([:], [:])
        for instance in activation.instances() {
            alive[Key(function: instance.function, state: instance.status.rawValue.lowercased()), default: 0] += 1
            calls[instance.function, default: 0] += instance.inFlight
        }
        registry.setGauges(
            "swiftlet_instances", alive.map { ([("function", $0.key.function), ("state", $0.key.state)], Double($0.value)) })
        registry.setGauges("swiftlet_instance_calls", calls.map { ([("function", $0.key)], Double($0.value)) })
    }

    private static func store(_ catalog: Catalog, _ images: ImageLibrary, _ registry: PrometheusRegistry) async {
        do {
            let all = try await images.list()
            var layers: [Digest: UInt64] = [:]
            for layer in all.flatMap(\.layers) { layers[layer.diffID] = layer.bytes }
            registry.setGauges("swiftlet_images", [([], Double(Set(all.map(\.manifestDigest)).count))])
            registry.setGauges("swiftlet_image_layers", [([], Double(layers.count))])
            registry.setGauges("swiftlet_image_store_bytes", [([], Double(layers.values.reduce(0, +)))])
            let states = await catalog.states()
            registry.setGauges("swiftlet_functions", states.map { ([("state", $0.key)], Double($0.value)) })
        } catch {
            // Better no number than an old one.
            for name in ["swiftlet_images", "swiftlet_image_layers", "swiftlet_image_store_bytes", "swiftlet_functions"] {
                registry.setGauges(name, [])
            }
        }
    }

    /// Source of the names: Prometheus, "Writing client libraries", process metrics.
    private static func process(_ registry: PrometheusRegistry) {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        registry.setGauges("process_cpu_seconds_total", [([], seconds(usage.ru_utime) + seconds(usage.ru_stime))])
        if let resident = HostFacts.text("/proc/self/statm").split(separator: " ").dropFirst().first.flatMap({ Int($0) }) {
            registry.setGauges("process_resident_memory_bytes", [([], Double(resident * sysconf(CInt(_SC_PAGESIZE))))])
        }
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        registry.setGauges("process_max_fds", [([], Double(limit.rlim_cur))])
        guard let folder = opendir("/proc/self/fd") else { return registry.setGauges("process_open_fds", []) }
        defer { closedir(folder) }
        var count = -3  // Two names of folders, and the descriptor that reads them.
        while readdir(folder) != nil { count += 1 }
        registry.setGauges("process_open_fds", [([], Double(count))])
    }
}
