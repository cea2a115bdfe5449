#include "module.h"
#include <cstdlib>
#include <regex>

namespace emulator {

namespace {

// parameters lists the parameters of an entry as PTX declares them.
std::vector<Parameter> parameters(const std::string &text) {
	static const std::regex declared(R"(\.param\s+\.([a-z])(\d+))");
	std::vector<Parameter> list;
	for (std::sregex_iterator at(text.begin(), text.end(), declared), end; at != end; ++at)
		list.push_back(Parameter{uint16_t(atoi((*at)[2].str().c_str()) / 8), (*at)[1] == "f", false});
	return list;
}

bool agree(const Kernel &k, const std::vector<Parameter> &list) {
	if (k.count != int(list.size()))
		return false;
	for (int i = 0; i < k.count; i++)
		if (k.parameters[i].bytes != list[i].bytes || k.parameters[i].real != list[i].real)
			return false;
	return true;
}

} // namespace

std::string load(Module &m, const std::string &ptx) {
	static const std::string entry = ".entry ";
	for (size_t at = 0; (at = ptx.find(entry, at)) != std::string::npos;) {
		at += entry.size();
		size_t open = ptx.find('(', at), close = ptx.find(')', at);
		if (close == std::string::npos)
			return "an entry without parameters";
		std::string name = ptx.substr(at, open - at);
		const Kernel *k = find(name.c_str());
		if (!k)
			return "entry " + name + " of the PTX is not among the kernels compiled in: is the PTX stale?";
		if (!agree(*k, parameters(ptx.substr(open, close - open))))
			return "parameters of " + name + " differ between PTX and source: is the PTX stale?";
		m.functions[name] = Function{k};
	}
	return "";
}

int ptx_version(const std::string &ptx) {
	static const std::regex version(R"(\.version\s+(\d+)\.(\d))");
	std::smatch found;
	if (!std::regex_search(ptx, found, version))
		return 0;
	return atoi(found[1].str().c_str()) * 10 + atoi(found[2].str().c_str());
}

int ptx_target(const std::string &ptx) {
	static const std::regex target(R"(\.target\s+sm_(\d+))");
	std::smatch found;
	return std::regex_search(ptx, found, target) ? atoi(found[1].str().c_str()) : 0;
}

} // namespace emulator
