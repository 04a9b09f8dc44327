core_sources += plugin/target/packet.c plugin/target/packet.h plugin/target/packets.c plugin/target/packets.h \
	plugin/target/packets_memory.c plugin/target/packets_threads.c plugin/target/server.c plugin/target/server.h \
	plugin/target/target.h plugin/target/threads.c plugin/target/threads.h \
	plugin/target/vmcore_search.c plugin/target/vmcore_search.h \
	plugin/target/vmcore_target.c plugin/target/vmcore_target.h
